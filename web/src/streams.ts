// The subscription that is open in the editor: how much it has told, and why it has ended.

import { Store } from './store';

export interface StreamState {
  running: boolean;
  events: number;
  lastAt: number; // in the browser's time
  ended: string;
}

/** One subscription, as the fetcher tells of it. */
export interface Stream {
  count(): void;
  end(why: string): void;
  stop(): void;
}

const NONE: StreamState = { running: false, events: 0, lastAt: 0, ended: '' };

// What the server means by the codes it closes a WebSocket with; it gives its own words too.
const REASONS: Record<number, string> = {
  1001: 'the server is going away',
  1006: 'the connection was lost',
  1013: 'the server has too much to do just now',
  4401: 'your session has ended, or its token has run out',
  4403: 'the server did not accept your sign-in',
  4429: 'you have too many connections open already',
};

export class Streams {
  readonly state = new Store(NONE);
  #current: Stream | null = null;
  #close = () => {};

  /** A new subscription takes the place of the one before, of which nothing more is told. */
  begin(close: () => void): Stream {
    const mine: Stream = {
      count: () => this.#tellOf(mine, { ...this.state.get(), events: this.state.get().events + 1, lastAt: Date.now() }),
      end: (why) => this.#tellOf(mine, { ...this.state.get(), running: false, ended: why }),
      stop: () => this.#tellOf(mine, NONE),
    };
    this.#current = mine;
    this.#close = close;
    this.state.set({ ...NONE, running: true });
    return mine;
  }

  /** Nothing is left to be told of the last one: its end was read, or something else is being run. */
  forget(): void {
    this.#current = null;
    if (this.state.get() !== NONE) this.state.set(NONE);
  }

  /** Closes the one that is open, if there is one. */
  stop(): void {
    if (this.#current) this.#close();
    this.forget();
  }

  #tellOf(stream: Stream, state: StreamState): void {
    if (this.#current !== stream) return;
    if (!state.running) this.#current = null; // it ends once, and for one reason
    this.state.set(state);
  }
}

/** Why a stream has ended, as a person reads it. */
export function inWords(reason: unknown): string {
  if (reason instanceof CloseEvent) {
    const why = REASONS[reason.code] ?? (reason.reason || 'the connection was closed');
    return `${why} (${reason.code})`;
  }
  if (Array.isArray(reason)) return reason.map((error: { message: string }) => error.message).join(' ');
  return reason instanceof Error ? reason.message : 'the connection was closed';
}
