// Verifying an e-mail address. A press of the button does it, not the opening: programs that scan mails open links too.
import { VERIFY_EMAIL, type UserError } from '../operations';
import { asAnybody } from './api';
import { link, paragraph } from './dom';
import { form, type Field } from './form';
import { show } from './frame';
import type { Place } from './place';

const CODE: Field = { name: 'token', label: 'Code', hint: 'It is in the mail.', autocomplete: 'off' };

export default function verifyAddress({ secret }: Place): void {
  show('Confirm your e-mail address', paragraph('One press, and this address is yours.'), form({
    label: 'Confirm your e-mail address',
    submit: 'Confirm this address',
    fields: secret ? [] : [CODE],
    send: async ({ token }) => {
      const input = { token: secret || token!.trim() };
      type Answer = { verifyEmail: { verified: boolean | null; userErrors: UserError[] } };
      const { verifyEmail } = await asAnybody<Answer>(VERIFY_EMAIL, { input });
      if (verifyEmail.verified) {
        show('Your address is confirmed', paragraph('You sign in with it from now on.'), link('Sign in', '/login', 'button'));
      }
      return verifyEmail.userErrors;
    },
  }));
}
