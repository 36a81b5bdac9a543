// The few operations that the page itself sends, and the shape of their answers.

const USER_ERRORS = 'userErrors { code message field rule fix }';
const VIEWER = 'viewer { role account { name } }';
const SESSION = `accessToken refreshToken expiresAt ${VIEWER} ${USER_ERRORS}`;

export const WHO_AM_I = `query WhoAmI { ${VIEWER} }`;
export const SIGN_IN = `mutation SignIn($input: SignInInput!) { signIn(input: $input) { ${SESSION} } }`;
export const REFRESH = `mutation Refresh($input: RefreshInput!) { refresh(input: $input) { ${SESSION} } }`;
export const SIGN_OUT = `mutation SignOut { signOut { ${USER_ERRORS} } }`;
export const SERVER_CLOCK = 'query ServerClock { now }';
export const MOVE_CLOCK = `mutation MoveClock($input: MoveClockInput!) { moveClock(input: $input) { now ${USER_ERRORS} } }`;

export interface UserError {
  code: string;
  message: string;
  field: string[];
  rule: string;
  fix: string;
}

export interface Viewer {
  role: string;
  account: { name: string } | null;
}

export interface SessionPayload {
  accessToken: string | null;
  refreshToken: string | null;
  expiresAt: string | null;
  viewer: Viewer | null;
  userErrors: UserError[];
}
