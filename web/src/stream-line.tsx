// One line about the open subscription: that it listens, how much it has heard, and how to go on after its end.
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useSyncExternalStore } from 'react';

import type { Streams } from './streams';

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

export function StreamLine({ streams }: { streams: Streams }) {
  const { running, events, lastAt, ended } = useSyncExternalStore(streams.subscribe, streams.state);
  const { activeTabIndex } = useGraphiQL(pick('activeTabIndex'));
  const { run } = useGraphiQLActions();

  useEffect(() => streams.forget(), [streams, activeTabIndex]); // another tab is another operation

  if (!running && !ended) return null;
  const heard = events ? `${events === 1 ? '1 message' : `${events} messages`}, the last at ${CLOCK.format(lastAt)}` : 'nothing yet';
  return (
    <div className="stream" role="group" aria-label="Subscription">
      <span className={running ? 'pulse listens' : 'pulse'} aria-hidden="true" />
      <output>{running ? `Listening: ${heard}.` : `The stream has ended: ${ended}. It had told ${heard}.`}</output>
      {ended && <button type="button" onClick={() => void run()}>Run again</button>}
    </div>
  );
}
