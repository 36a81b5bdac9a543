// The operations that the pages send, each by the id of its document (documents.ts), and the shape of their answers. They
// are files of their own so that every server, which may answer trusted documents only, knows them.
export { default as ACCEPT_INVITATION } from '../operations/accept-invitation.graphql';
export { default as ACT_AS } from '../operations/act-as.graphql';
export { default as AGREEMENT_TEXTS } from '../operations/agreement-texts.graphql';
export { default as AGREEMENTS } from '../operations/agreements.graphql';
export { default as APPOINTMENT } from '../operations/appointment.graphql';
export { default as APPOINTMENTS } from '../operations/appointments.graphql';
export { default as ATTEST_SESSION } from '../operations/attest-session.graphql';
export { default as CAMPUSES } from '../operations/campuses.graphql';
export { default as CANCEL_APPOINTMENT } from '../operations/cancel-appointment.graphql';
export { default as CLAIM } from '../operations/claim.graphql';
export { default as CONFIRM_APPOINTMENT } from '../operations/confirm-appointment.graphql';
export { default as CONFIRM_SECOND_FACTOR } from '../operations/confirm-second-factor.graphql';
export { default as DECLINE_APPOINTMENT } from '../operations/decline-appointment.graphql';
export { default as ENROL_SECOND_FACTOR } from '../operations/enrol-second-factor.graphql';
export { default as EXCHANGE_CAMPUS_CODE } from '../operations/exchange-campus-code.graphql';
export { default as INVITATION_OFFER } from '../operations/invitation-offer.graphql';
export { default as MARK_NO_SHOW } from '../operations/mark-no-show.graphql';
export { default as MOVE_CLOCK } from '../operations/move-clock.graphql';
export { default as PRESENTING_CONCERNS } from '../operations/presenting-concerns.graphql';
export { default as REFRESH } from '../operations/refresh.graphql';
export { default as RENEW_RECOVERY_CODES } from '../operations/renew-recovery-codes.graphql';
export { default as REQUEST_PASSWORD_RESET } from '../operations/request-password-reset.graphql';
export { default as RESET_PASSWORD } from '../operations/reset-password.graphql';
export { default as SECOND_FACTOR } from '../operations/second-factor.graphql';
export { default as SERVER_CLOCK } from '../operations/server-clock.graphql';
export { default as SIGN_IN } from '../operations/sign-in.graphql';
export { default as SIGN_OUT } from '../operations/sign-out.graphql';
export { default as SIGN_UP } from '../operations/sign-up.graphql';
export { default as VERIFY_EMAIL } from '../operations/verify-email.graphql';
export { default as WHO_AM_I } from '../operations/who-am-i.graphql';
export { default as WITHDRAW_APPOINTMENT } from '../operations/withdraw-appointment.graphql';

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
  recoveryCodesLeft: number;
}

export interface Enrolment {
  secret: string;
  address: string;
}
