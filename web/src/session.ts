// Who is signed in. Everything stands in this object's fields, so a reload signs out and nothing can be read from disk.
import type { DemoAccount } from './config';
import {
  ACT_AS, REFRESH, SECOND_FACTOR, SIGN_IN, SIGN_OUT, WHO_AM_I,
  type Membership, type SecondFactorStatus, type SessionPayload, type UserError, type Viewer,
} from './operations';
import { ask, ServerFailure } from './server';

const LIFETIME_MAX_MS = 15 * 60_000;
const RENEW_EARLY_MS = 60_000;

export interface Person {
  name: string;
  role: string;
  email: string; // empty for a machine
  acting: string; // the id of the membership
  memberships: Membership[];
  mustEnrol: boolean; // nothing works before a second factor is set up
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

  /** Signs in with a demo account; an empty list means it worked. */
  enter(account: DemoAccount): Promise<UserError[]> {
    return account.key ? this.useKey(account.key) : this.signIn(account);
  }

  /** Tells the person something; whoever is signed in stays so. */
  warn(notice: string): void {
    this.#tell({ ...this.#state, notice });
  }

  /** Signs in; an empty list means it worked. What is sent meanwhile waits for the new token. */
  signIn(credentials: Credentials): Promise<UserError[]> {
    const signedIn = this.#exchangePassword(credentials);
    this.#renewal = signedIn.then(() => undefined, () => undefined).finally(() => (this.#renewal = null));
    return signedIn;
  }

  async #exchangePassword({ email, password, oneTimeCode }: Credentials): Promise<UserError[]> {
    const input = { email, password, ...(oneTimeCode && { oneTimeCode }) };
    const { signIn } = await ask<{ signIn: SessionPayload }>(SIGN_IN, { input }, null);
    return this.begin(signIn);
  }

  /** Goes on under another membership of the same account; an empty list means it worked. */
  async actAs(membershipId: string): Promise<UserError[]> {
    type Answer = { actAs: SessionPayload };
    const { actAs } = await ask<Answer>(ACT_AS, { input: { membershipId } }, await this.accessToken());
    if (!actAs.accessToken || !actAs.viewer) return actAs.userErrors;
    this.#keep(actAs);
    await this.#greet(actAs.viewer);
    return [];
  }

  /** The server wants a second factor before anything else. */
  mustEnrol(): void {
    const { person, notice } = this.#state;
    if (person && !person.mustEnrol) this.#tell({ person: { ...person, mustEnrol: true }, notice });
  }

  /** The second factor is set up, and the session open to its role. */
  enrolled(): void {
    const { person, notice } = this.#state;
    if (person) this.#tell({ person: { ...person, mustEnrol: false }, notice });
  }

  /** Acts as the machine whose key this is; a key has no end that the page could see. */
  async useKey(key: string): Promise<UserError[]> {
    const { viewer } = await ask<{ viewer: Viewer | null }>(WHO_AM_I, {}, key);
    if (!viewer) throw new ServerFailure('The server does not know this key.');
    [this.#accessToken, this.#refreshToken, this.#renewAt] = [key, null, Infinity];
    await this.#greet(viewer);
    return [];
  }

  async signOut(): Promise<void> {
    const ended = this.#end();
    this.#forget('');
    await ended;
  }

  /** The token to send now: renewed first when its end is near, or when it is being renewed already. */
  async accessToken(): Promise<string | null> {
    if (this.#renewal || (this.#accessToken && Date.now() >= this.#renewAt)) await this.renew();
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

  /** Goes on with tokens that were handed out, by a sign-up say; an empty list means it worked. */
  async begin(payload: SessionPayload): Promise<UserError[]> {
    if (!payload.accessToken || !payload.viewer) return payload.userErrors;
    void this.#end();
    this.#keep(payload);
    await this.#greet(payload.viewer);
    return [];
  }

  /** Ends the session on the server too; one that has ended already cannot be ended again, which is as well. */
  async #end(): Promise<void> {
    if (this.#accessToken && this.#refreshToken) await ask(SIGN_OUT, {}, this.#accessToken).catch(() => undefined);
  }

  async #greet({ id, role, account }: Viewer): Promise<void> {
    const token = this.#accessToken;
    const mustEnrol = !!account && (await this.#lacksSecondFactor());
    if (token !== this.#accessToken) return; // signed out, or in as somebody else, meanwhile
    const { name = '', email = '', memberships = [] } = account ?? {};
    this.#tell({ person: { role, name, email, memberships, acting: id, mustEnrol }, notice: '' });
  }

  async #lacksSecondFactor(): Promise<boolean> {
    type Answer = { secondFactor: SecondFactorStatus | null };
    const { secondFactor } = await ask<Answer>(SECOND_FACTOR, {}, this.#accessToken);
    return !!secondFactor?.isRequired && !secondFactor.isConfirmed;
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
