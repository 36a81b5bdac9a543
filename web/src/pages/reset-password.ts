// A forgotten password: ask for a link, and choose a new password by it.
import { REQUEST_PASSWORD_RESET, RESET_PASSWORD, type UserError } from '../operations';
import { asAnybody } from './api';
import { link, paragraph } from './dom';
import { form } from './form';
import { show } from './frame';
import type { Place } from './place';

export default function resetPassword({ secret }: Place): void {
  if (secret) drawChoice(secret);
  else drawRequest();
}

function drawRequest(): void {
  show('Forgot your password?', paragraph('Enter the e-mail address of your account. We send a link to choose a new password.'), form({
    label: 'Forgot your password?',
    submit: 'Send the link',
    fields: [{ name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username' }],
    send: async ({ email }) => {
      const input = { email: email!.trim() };
      type Answer = { requestPasswordReset: { accepted: boolean | null; userErrors: UserError[] } };
      const { requestPasswordReset } = await asAnybody<Answer>(REQUEST_PASSWORD_RESET, { input });
      if (requestPasswordReset.accepted) {
        show('Look into your mailbox', paragraph(`If ${input.email} has an account, a link is on its way. It works once, for an hour.`));
      }
      return requestPasswordReset.userErrors;
    },
  }), paragraph(link('Back to sign in', '/login')));
}

function drawChoice(token: string): void {
  show('Choose a new password', form({
    label: 'Choose a new password',
    submit: 'Save the password',
    fields: [{
      name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password',
      hint: 'At least 8 characters for students, at least 12 for everybody else.',
    }],
    send: async ({ password }) => {
      type Answer = { resetPassword: { wasReset: boolean | null; userErrors: UserError[] } };
      const { resetPassword: reset } = await asAnybody<Answer>(RESET_PASSWORD, { input: { token, password } });
      if (reset.wasReset) {
        show('Your password is changed', paragraph('You were signed out everywhere. Sign in with the new password.'),
          link('Sign in', '/login', 'button'));
      }
      return reset.userErrors;
    },
  }), paragraph(link('Ask for a new link', '/reset-password')));
}
