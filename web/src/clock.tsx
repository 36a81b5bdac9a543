// The demo server's clock, moved by program staff so that deadlines can be seen to pass.
import { useEffect, useEffectEvent, useState } from 'react';

import { useSession } from './hooks';
import { MOVE_CLOCK, SERVER_CLOCK, type UserError } from './operations';
import { ask } from './server';
import type { Store } from './store';

const STEPS: [string, number][] = [['+1 h', 1], ['+1 day', 24], ['+72 h', 72], ['+30 days', 720]];
const SHOWN = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

interface ClockProps {
  moved: Store<string>; // the server's time after an operation in the editor has moved it
  onMoved(): Promise<void>;
}

export function Clock({ moved, onMoved }: ClockProps) {
  const [session] = useSession();
  const [shown, setShown] = useState('');
  const [busy, setBusy] = useState(false);
  const show = (now: string) => setShown(`${SHOWN.format(new Date(now))} UTC`);

  useEffect(() => {
    const read = async () => ask<{ now: string }>(SERVER_CLOCK, {}, await session.accessToken());
    read().then(({ now }) => show(now), () => setShown(''));
  }, [session]);

  const follow = useEffectEvent(() => {
    show(moved.get());
    void onMoved();
  });
  useEffect(() => moved.subscribe(follow), [moved]);

  const move = async (hours: number) => {
    setBusy(true);
    try {
      type Moved = { moveClock: { now: string | null; userErrors: UserError[] } };
      const { moveClock } = await ask<Moved>(MOVE_CLOCK, { input: { hours } }, await session.accessToken());
      if (moveClock.now) {
        show(moveClock.now);
        await onMoved();
      } else setShown(moveClock.userErrors.map((error) => error.message).join(' '));
    } catch (error) {
      setShown((error as Error).message);
    }
    setBusy(false);
  };

  return (
    <div className="clock" role="group" aria-label="Demo server's clock">
      <span className="hint">Server clock</span>
      <output>{shown}</output>
      {STEPS.map(([label, hours]) => (
        <button key={label} type="button" disabled={busy} onClick={() => move(hours)}>{label}</button>
      ))}
    </div>
  );
}
