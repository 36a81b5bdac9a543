// The next steps of a session, by who looks at it and where it stands.
import {
  CANCEL_APPOINTMENT, CONFIRM_APPOINTMENT, DECLINE_APPOINTMENT, MARK_NO_SHOW, WITHDRAW_APPOINTMENT, type UserError,
} from '../operations';

export interface Appointment {
  id: string;
  status: string;
  visitType: string;
  startsAt: string;
  endsAt: string;
  confirmBy: string;
  attestBy: string;
  telehealthLink: string;
  missedAppointmentPolicy: string;
  expectedReimbursement?: { amount: string } | null;
  student: { name: string } | null;
  provider: { name: string } | null;
  claim: { id: string; status: string } | null;
}

export interface Step {
  label: string;
  document: string;
  /** The step that moves the session on, and so the one that stands out. */
  main?: boolean;
  /** Asked before it is done, as it cannot be taken back. */
  warning?: string;
}

export type Changed = Record<string, { userErrors: UserError[] }>;

const CONFIRM: Step = { label: 'Confirm', document: CONFIRM_APPOINTMENT, main: true };
const DECLINE: Step = { label: 'Decline', document: DECLINE_APPOINTMENT, warning: 'The student is told, and the time is open again.' };
const WITHDRAW: Step = { label: 'Withdraw the request', document: WITHDRAW_APPOINTMENT, warning: 'The provider is told, and your credit is yours again.' };
const CANCEL: Step = { label: 'Cancel the session', document: CANCEL_APPOINTMENT, warning: 'The other side is told at once. This cannot be undone.' };
const MISSED: Step = { label: 'The student did not come', document: MARK_NO_SHOW, warning: 'The student is told. This session is not paid.' };

/** The steps of one press; attesting is a form of its own (appointment.ts). */
export function steps(role: string, { status, startsAt }: Appointment, now: string): Step[] {
  const begun = now >= startsAt;
  const answers = role === 'PROVIDER' || role === 'OFFICE';
  if (status === 'REQUESTED' && role === 'STUDENT') return [WITHDRAW];
  if (status === 'REQUESTED' && answers) return [CONFIRM, DECLINE];
  if (status !== 'CONFIRMED') return [];
  if (!begun) return answers || role === 'STUDENT' ? [CANCEL] : [];
  return role === 'PROVIDER' ? [MISSED] : [];
}
