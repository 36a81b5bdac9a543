// Accepting an invitation: with a new account, or into the account that the person has.
import {
  ACCEPT_INVITATION, INVITATION_OFFER, SIGN_UP, type SessionPayload, type UserError,
} from '../operations';
import { whatItIs } from './about';
import { accepted, agreementFields, type Agreement } from './agreements';
import { asAnybody, asPerson, DEVICE } from './api';
import { actions, button, details, element, link, paragraph } from './dom';
import { form } from './form';
import { go, PRODUCT, session, show } from './frame';
import type { Place } from './place';
import { signedIn } from './sign-in';
import { asWhat, moment } from './words';

interface Offer {
  role: string;
  name: string;
  organization: string;
  expiresAt: string;
  passwordLengthMin: number;
  agreements: Agreement[];
}

export default async function invitation({ secret }: Place): Promise<void> {
  if (!secret) return askForCode('Enter your invitation');
  const { invitationOffer } = await asAnybody<{ invitationOffer: Offer | null }>(INVITATION_OFFER, { token: secret });
  if (!invitationOffer) return askForCode('This invitation does not work', 'The link was used, replaced, withdrawn, or is too old. Ask whoever invited you for a new one.');
  if (session.state().person) return acceptInto(invitationOffer, secret);
  drawSignUp(invitationOffer, secret);
}

function askForCode(heading: string, reason = ''): void {
  show(heading, reason && paragraph(reason), form({
    label: 'Invitation',
    submit: 'Continue',
    fields: [{ name: 'code', label: 'Code', hint: 'It is in the mail that invites you.', autocomplete: 'off' }],
    send: async ({ code }) => {
      await invitation({ id: '', secret: code!.trim(), answer: new URLSearchParams() });
      return [];
    },
  }), paragraph('You have joined already? ', link('Sign in', '/login'), '.'));
}

function terms({ role, organization, expiresAt }: Offer): HTMLElement {
  return details([['You join as', asWhat(role)], ['At', organization], ['Valid until', moment(expiresAt)]]);
}

function drawSignUp(offer: Offer, token: string): void {
  show(`You are invited to ${PRODUCT}`, ...whatItIs(), terms(offer),
    element('h2', {}, 'Create your account'),
    form({
      label: 'Create your account',
      submit: 'Create account',
      fields: [
        { name: 'name', label: 'Your name', autocomplete: 'name', value: offer.name },
        {
          name: 'password', label: 'Choose a password', type: 'password', autocomplete: 'new-password',
          minlength: offer.passwordLengthMin, hint: `At least ${offer.passwordLengthMin} characters.`,
        },
        ...agreementFields(offer.agreements),
      ],
      send: async ({ name, password, ...values }) => {
        const input = { token, name, password, device: DEVICE, accepts: accepted(offer.agreements, values) };
        const errors = await session.begin((await asAnybody<{ signUp: SessionPayload }>(SIGN_UP, { input })).signUp);
        if (!errors.length) await welcome();
        return errors;
      },
    }),
    element('h2', {}, 'You have an account already?'),
    actions(button('Sign in and accept', () => void signedIn().then(() => acceptInto(offer, token)), 'second')));
}

function acceptInto(offer: Offer, token: string): void {
  show(`You are invited to ${PRODUCT}`, terms(offer), form({
    label: 'Accept the invitation',
    submit: 'Accept',
    fields: agreementFields(offer.agreements),
    send: async (values) => {
      const input = { token, accepts: accepted(offer.agreements, values) };
      type Answer = { acceptInvitation: { membership: { id: string } | null; userErrors: UserError[] } };
      const { membership, userErrors } = (await asPerson<Answer>(ACCEPT_INVITATION, { input })).acceptInvitation;
      if (!membership) return userErrors;
      const errors = await session.actAs(membership.id);
      if (!errors.length) await welcome();
      return errors;
    },
  }));
}

async function welcome(): Promise<void> {
  await signedIn(); // some roles set up a second factor first
  go('/');
}
