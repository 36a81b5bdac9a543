// Who is signed in. Everything stands in this object's fields, so a reload signs out and nothing can be read from disk.
import { REFRESH, SIGN_IN, SIGN_OUT, WHO_AM_I, type SessionPayload, type UserError, type Viewer } from './operations';
import { ask, ServerFailure } from './server';

const LIFETIME_MAX_MS = 15 * 60_000;
const RENEW_EARLY_MS = 60_000;

export interface Person {
  name: string;
  role: string;
}

export interface Credentials {
  email: string;
  password: string;
  oneTimeCode?: string;
}

export interface SessionState {
  person: Person | null;
  notice: string;
}

export class Session {
  #state: SessionState = { person: null, notice: '' };
  #accessToken: string | null = null;
  #refreshToken: string | null = null;
  #renewAt = 0;
  #renewal: Promise<void> | null = null;
  #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): SessionState => this.#state;

  /** Signs in; an empty list means it worked. */
  async signIn({ email, password, oneTimeCode }: Credentials): Promise<UserError[]> {
    const input = { email, password, ...(oneTimeCode && { oneTimeCode }) };
    const { signIn } = await ask<{ signIn: SessionPayload }>(SIGN_IN, { input }, null);
    return this.#begin(signIn);
  }

  /** Acts as the machine whose key this is; a key has no end that the page could see. */
  async useKey(key: string): Promise<UserError[]> {
    const { viewer } = await ask<{ viewer: Viewer | null }>(WHO_AM_I, {}, key);
    if (!viewer) throw new ServerFailure('The server does not know this key.');
    [this.#accessToken, this.#refreshToken, this.#renewAt] = [key, null, Infinity];
    this.#greet(viewer);
    return [];
  }

  async signOut(): Promise<void> {
    const ended = this.#end();
    this.#forget('');
    await ended;
  }

  /** The token to send now: renewed first when its end is near. */
  async accessToken(): Promise<string | null> {
    if (this.#accessToken && Date.now() >= this.#renewAt) await this.renew();
    return this.#accessToken;
  }

  /** Exchanges the refresh token once, however many requests ask at the same time. */
  renew(): Promise<void> {
    this.#renewal ??= this.#exchange().finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  async #exchange(): Promise<void> {
    const refreshToken = this.#refreshToken;
    if (!refreshToken) return;
    const { refresh } = await ask<{ refresh: SessionPayload }>(REFRESH, { input: { refreshToken } }, null);
    if (refreshToken !== this.#refreshToken) return; // signed out, or in as somebody else, meanwhile
    if (!refresh.accessToken) return this.#forget('Your session has ended. Please sign in again.');
    this.#keep(refresh);
  }

  #begin(payload: SessionPayload): UserError[] {
    if (!payload.accessToken || !payload.viewer) return payload.userErrors;
    void this.#end();
    this.#keep(payload);
    this.#greet(payload.viewer);
    return [];
  }

  /** Ends the session on the server too; one that has ended already cannot be ended again, which is as well. */
  async #end(): Promise<void> {
    if (this.#accessToken && this.#refreshToken) await ask(SIGN_OUT, {}, this.#accessToken).catch(() => undefined);
  }

  #greet({ role, account }: Viewer): void {
    this.#tell({ person: { role, name: account?.name ?? '' }, notice: '' });
  }

  #keep(payload: SessionPayload): void {
    this.#accessToken = payload.accessToken;
    this.#refreshToken = payload.refreshToken;
    // A demo server's clock may stand days away from this browser's, so its `expiresAt` is believed only when it is near.
    const told = payload.expiresAt ? Date.parse(payload.expiresAt) - Date.now() : LIFETIME_MAX_MS;
    const lifetime = told > RENEW_EARLY_MS && told < LIFETIME_MAX_MS ? told : LIFETIME_MAX_MS;
    this.#renewAt = Date.now() + lifetime - RENEW_EARLY_MS;
  }

  #forget(notice: string): void {
    this.#accessToken = this.#refreshToken = null;
    this.#tell({ person: null, notice });
  }

  #tell(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
