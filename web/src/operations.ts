// The few operations that the page itself sends, and the shape of their answers.

const USER_ERRORS = 'userErrors { code message field rule fix }';
const SESSION = `accessToken refreshToken expiresAt viewer { role name } ${USER_ERRORS}`;

export const SIGN_IN = `mutation SignIn($input: SignInInput!) { signIn(input: $input) { ${SESSION} } }`;
export const REFRESH = `mutation Refresh($input: RefreshInput!) { refresh(input: $input) { ${SESSION} } }`;
export const SIGN_OUT = `mutation SignOut($input: SignOutInput!) { signOut(input: $input) { ${USER_ERRORS} } }`;
export const WHO_AM_I = 'query WhoAmI { viewer { role name } }';
export const MEMBERSHIPS = 'query Memberships { viewer { memberships { id role organization } } }';
export const ACT_AS = `mutation ActAs($input: ActAsInput!) { actAs(input: $input) { ${SESSION} } }`;
export const SERVER_CLOCK = 'query ServerClock { now }';
export const MOVE_CLOCK = `mutation MoveClock($input: MoveClockInput!) { moveClock(input: $input) { now ${USER_ERRORS} } }`;

export interface UserError {
  code: string;
  message: string;
  field: string[] | null;
  rule: string | null;
  fix: string | null;
}

export interface SessionPayload {
  accessToken: string | null;
  refreshToken: string | null;
  expiresAt: string | null;
  viewer: { role: string; name: string } | null;
  userErrors: UserError[];
}

export interface Membership {
  id: string;
  role: string;
  organization: string | null;
}
