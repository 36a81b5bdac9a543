// The few operations that the page itself sends, and the shape of their answers. They are files of their own so that a
// production server, which answers trusted documents only, can know them.
import actAs from '../operations/act-as.graphql?raw';
import confirmSecondFactor from '../operations/confirm-second-factor.graphql?raw';
import enrolSecondFactor from '../operations/enrol-second-factor.graphql?raw';
import moveClock from '../operations/move-clock.graphql?raw';
import refresh from '../operations/refresh.graphql?raw';
import secondFactor from '../operations/second-factor.graphql?raw';
import serverClock from '../operations/server-clock.graphql?raw';
import signIn from '../operations/sign-in.graphql?raw';
import signOut from '../operations/sign-out.graphql?raw';
import whoAmI from '../operations/who-am-i.graphql?raw';

// A document is trusted by its text without the spaces around it.
export const ACT_AS = actAs.trim();
export const CONFIRM_SECOND_FACTOR = confirmSecondFactor.trim();
export const ENROL_SECOND_FACTOR = enrolSecondFactor.trim();
export const MOVE_CLOCK = moveClock.trim();
export const REFRESH = refresh.trim();
export const SECOND_FACTOR = secondFactor.trim();
export const SERVER_CLOCK = serverClock.trim();
export const SIGN_IN = signIn.trim();
export const SIGN_OUT = signOut.trim();
export const WHO_AM_I = whoAmI.trim();

export interface UserError {
  code: string;
  message: string;
  field: string[];
  rule: string;
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
