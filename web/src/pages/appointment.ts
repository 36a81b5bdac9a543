// `/appointments/<id>`: one session, and what the person who looks at it can do next.
import { APPOINTMENT, ATTEST_SESSION, PRESENTING_CONCERNS, type UserError } from '../operations';
import type { Person } from '../session';
import { asPerson, freshKey } from './api';
import { actions, button, details, element, link, paragraph, type Content } from './dom';
import { form, inWords } from './form';
import { redraw, show } from './frame';
import { notHere } from './not-here';
import type { Place } from './place';
import { signedIn } from './sign-in';
import { steps, type Appointment, type Changed, type Step } from './steps';
import { dollars, minutes, moment, plain } from './words';

const SEES_PAY = new Set(['PROVIDER', 'OPS', 'FINANCE']);

interface Concern {
  code: string;
  label: string;
}

interface Answer {
  now: string;
  appointment: Appointment | null;
}

export default async function appointmentPage({ id }: Place): Promise<void> {
  const person = await signedIn();
  const answer = await asPerson<Answer>(APPOINTMENT, { id, paid: SEES_PAY.has(person.role) }).catch(notHere);
  if (answer) await draw(person, answer);
}

async function draw({ role }: Person, { now, appointment }: Answer): Promise<void> {
  if (!appointment) return void notHere();
  const next = steps(role, appointment, now).map((step) =>
    button(step.label, () => (step.warning ? ask(role, step, appointment) : void take(step, appointment)), step.main ? '' : 'second'));
  const attests = role === 'PROVIDER' && appointment.status === 'CONFIRMED' && now >= appointment.endsAt;
  show(heading(role, appointment), facts(role, appointment),
    attests && attestation(appointment, await concerns()), actions(...next), afterwards(role, appointment),
    paragraph(link('All your sessions', '/appointments')));
}

function heading(role: string, { student, provider }: Appointment): string {
  const other = role === 'STUDENT' ? provider?.name : student?.name;
  return other ? `Session with ${other}` : 'Session';
}

function facts(role: string, it: Appointment): HTMLElement {
  const open = it.status === 'REQUESTED';
  const live = open || it.status === 'CONFIRMED';
  return details([
    ['Status', plain(it.status)],
    ['When', moment(it.startsAt)],
    ['Length', minutes(it.startsAt, it.endsAt)],
    ['Visit', plain(it.visitType)],
    ['Student', role !== 'STUDENT' && it.student?.name],
    ['Provider', role !== 'PROVIDER' && it.provider?.name],
    ['Answer by', open && moment(it.confirmBy)],
    ['Attest by', it.status === 'CONFIRMED' && it.expectedReimbursement && moment(it.attestBy)],
    ['Expected payment', live && dollars(it.expectedReimbursement)],
    ['Meeting link', live && webLink(it.telehealthLink)],
    ['If it is missed', live && it.missedAppointmentPolicy],
  ]);
}

function webLink(address: string): Content {
  return /^https?:\/\//.test(address) && element('a', { href: address, rel: 'noreferrer' }, address);
}

function afterwards(role: string, { status, claim }: Appointment): Content {
  if (role === 'STUDENT' && (status === 'COMPLETED' || status === 'NO_SHOW')) {
    return paragraph('If this is not what happened, tell your school. It can look into it with us.');
  }
  return claim && role !== 'STUDENT' && paragraph('Claim: ', link(plain(claim.status), `/claims/${claim.id}`));
}

function ask(role: string, step: Step, appointment: Appointment): void {
  show(`${step.label}?`, facts(role, appointment), step.warning && paragraph(step.warning), actions(
    button(step.label, () => void take(step, appointment)), button('Back', redraw, 'second')));
}

async function take({ label, document }: Step, { id }: Appointment): Promise<void> {
  const input = { appointmentId: id, idempotencyKey: freshKey() };
  const errors = await asPerson<Changed>(document, { input })
    .then((changed) => Object.values(changed).flatMap(({ userErrors }) => userErrors.map(inWords)))
    .catch((error: Error) => [error.message]);
  if (!errors.length) return redraw();
  show(`${label}: this did not work`, element('p', { class: 'alert', role: 'alert' }, errors.join(' ')),
    actions(button('Back to the session', redraw)));
}

async function concerns(): Promise<Concern[]> {
  return (await asPerson<{ vocabularies: { nodes: Concern[] } }>(PRESENTING_CONCERNS, {})).vocabularies.nodes;
}

function attestation({ id }: Appointment, concerns: Concern[]): HTMLElement {
  return form({
    label: 'Attest the session',
    submit: 'Attest that it took place',
    fields: [{
      name: 'presentingConcern', label: 'Presenting concern', hint: 'Only you and our operations staff see it.',
      options: concerns.map(({ code, label }) => [code, label]),
    }],
    send: async ({ presentingConcern }) => {
      const input = { appointmentId: id, presentingConcern, idempotencyKey: freshKey() };
      type Attested = { attestSession: { claim: { id: string } | null; userErrors: UserError[] } };
      const { claim, userErrors } = (await asPerson<Attested>(ATTEST_SESSION, { input })).attestSession;
      if (claim) redraw();
      return userErrors;
    },
  });
}
