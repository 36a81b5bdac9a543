// One line about the open subscription: that it listens, how much it has heard, and how to go on after its end.
import { useGraphiQLActions } from '@graphiql/react';

import { useStore } from './store';
import type { Streams } from './streams';

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

export function StreamLine({ streams }: { streams: Streams }) {
  const { running, events, lastAt, ended } = useStore(streams.state);
  const { run } = useGraphiQLActions();

  if (!running && !ended) return null;
  const heard = events ? `${events === 1 ? '1 message' : `${events} messages`}, the last at ${CLOCK.format(lastAt)}` : 'nothing yet';
  return (
    <section className="stream" aria-label="Subscription">
      <span className={running ? 'pulse listens' : 'pulse'} aria-hidden="true" />
      <output>{running ? `Listening: ${heard}.` : `The stream has ended: ${ended}. It had told ${heard}.`}</output>
      {ended && <button type="button" onClick={() => void run()}>Run again</button>}
    </section>
  );
}
