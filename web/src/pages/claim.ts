// `/claims/<id>`: one claim with its decision.
import { CLAIM } from '../operations';
import { asPerson } from './api';
import { details, element, link, paragraph } from './dom';
import { show } from './frame';
import { notHere } from './not-here';
import type { Place } from './place';
import { signedIn } from './sign-in';
import { dollars, moment, plain } from './words';

interface Claim {
  status: string;
  visitType: string;
  amount?: { amount: string } | null;
  submittedAt: string;
  adjudicatedAt: string;
  reasons: { text: string; nextStep: string }[];
  appointment: { id: string; startsAt: string } | null;
}

export default async function claimPage({ id }: Place): Promise<void> {
  const { role } = await signedIn();
  const answer = await asPerson<{ claim: Claim | null }>(CLAIM, { id, paid: role !== 'STUDENT' }).catch(notHere);
  if (answer) draw(answer.claim);
}

function draw(claim: Claim | null): void {
  if (!claim) return void notHere();
  const { status, visitType, amount, submittedAt, adjudicatedAt, reasons, appointment } = claim;
  show(`Claim: ${plain(status).toLowerCase()}`, details([
    ['Session', appointment && link(moment(appointment.startsAt), `/appointments/${appointment.id}`)],
    ['Visit', plain(visitType)],
    ['Amount', dollars(amount)],
    ['Submitted', moment(submittedAt)],
    ['Decided', moment(adjudicatedAt)],
  ]),
  reasons.length > 0 && element('h2', {}, 'Why'),
  ...reasons.map(({ text, nextStep }) => paragraph([text, nextStep].filter(Boolean).join(' '))));
}
