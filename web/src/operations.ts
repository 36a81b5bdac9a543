// The few operations that the page itself sends, and the shape of their answers. They are files of their own so that a
// production server, which answers trusted documents only, can know them.
import actAs from '../operations/act-as.graphql?raw';
import confirmSecondFactor from '../operations/confirm-second-factor.graphql?raw';
import enrolSecondFactor from '../operations/enrol-second-factor.graphql?raw';
import actingViewer from '../operations/fragments/acting-viewer.graphql?raw';
import fault from '../operations/fragments/fault.graphql?raw';
import moveClock from '../operations/move-clock.graphql?raw';
import refresh from '../operations/refresh.graphql?raw';
import secondFactor from '../operations/second-factor.graphql?raw';
import serverClock from '../operations/server-clock.graphql?raw';
import signIn from '../operations/sign-in.graphql?raw';
import signOut from '../operations/sign-out.graphql?raw';
import whoAmI from '../operations/who-am-i.graphql?raw';

// What several operations ask for, by the names and in the order of the names.
const FRAGMENTS = { ActingViewer: actingViewer, Fault: fault };

/** An operation with the fragments that it spreads behind it: the very text that the server's manifest has for it. */
function whole(operation: string): string {
  const spread = Object.entries(FRAGMENTS).filter(([name]) => operation.includes(`...${name}`));
  return [operation, ...spread.map(([, text]) => text)].map((text) => text.trim()).join('\n\n');
}

export const ACT_AS = whole(actAs);
export const CONFIRM_SECOND_FACTOR = whole(confirmSecondFactor);
export const ENROL_SECOND_FACTOR = whole(enrolSecondFactor);
export const MOVE_CLOCK = whole(moveClock);
export const REFRESH = whole(refresh);
export const SECOND_FACTOR = whole(secondFactor);
export const SERVER_CLOCK = whole(serverClock);
export const SIGN_IN = whole(signIn);
export const SIGN_OUT = whole(signOut);
export const WHO_AM_I = whole(whoAmI);

export interface UserError {
  code: string;
  message: string;
  field: string[];
  rule: string | null;
  fix: string;
}

type Named = { name: string } | null;

export interface Membership {
  id: string;
  role: string;
  student: Named;
  provider: Named;
  practice: Named;
  school: Named;
}

export interface Viewer {
  id: string;
  role: string;
  account: { email: string; name: string; memberships: Membership[] } | null;
}

export interface SessionPayload {
  accessToken: string | null;
  refreshToken: string | null;
  expiresAt: string | null;
  viewer: Viewer | null;
  userErrors: UserError[];
}

export interface SecondFactorStatus {
  isRequired: boolean;
  isConfirmed: boolean;
}

export interface Enrolment {
  secret: string;
  address: string;
}
