// Who is signed in. Everything stands in this object's fields, so a reload signs out and nothing can be read from disk.
import {
  ACT_AS,
  MEMBERSHIPS,
  REFRESH,
  SIGN_IN,
  SIGN_OUT,
  WHO_AM_I,
  type Membership,
  type SessionPayload,
  type UserError,
} from './operations';
import { ask, ServerFailure } from './server';

const LIFETIME_MAX_MS = 15 * 60_000;
const RENEW_EARLY_MS = 60_000;

export interface Person {
  name: string;
  role: string;
  memberships: Membership[];
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
    const { viewer } = await ask<{ viewer: SessionPayload['viewer'] }>(WHO_AM_I, {}, key);
    if (!viewer) throw new ServerFailure('The server does not know this key.');
    [this.#accessToken, this.#refreshToken, this.#renewAt] = [key, null, Infinity];
    this.#tell({ person: { ...viewer, memberships: [] }, notice: '' });
    return [];
  }

  /** Goes on under another of the person's memberships. */
  async actAs(membershipId: string): Promise<UserError[]> {
    const { actAs } = await ask<{ actAs: SessionPayload }>(
      ACT_AS,
      { input: { membershipId } },
      await this.accessToken(),
    );
    return this.#begin(actAs);
  }

  async signOut(): Promise<void> {
    const [accessToken, refreshToken] = [this.#accessToken, this.#refreshToken];
    this.#forget('');
    if (accessToken && refreshToken) await ask(SIGN_OUT, { input: { refreshToken } }, accessToken).catch(() => undefined);
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

  async #begin(payload: SessionPayload): Promise<UserError[]> {
    if (!payload.accessToken || !payload.viewer) return payload.userErrors;
    this.#keep(payload);
    const memberships = await this.#memberships();
    this.#tell({ person: { ...payload.viewer, memberships }, notice: '' });
    return [];
  }

  async #memberships(): Promise<Membership[]> {
    const answer = ask<{ viewer: { memberships: Membership[] } | null }>(MEMBERSHIPS, {}, this.#accessToken);
    return answer.then(({ viewer }) => viewer?.memberships ?? []).catch(() => []);
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
