// `/second-factor`: set up an authenticator, or make new recovery codes.
import { RENEW_RECOVERY_CODES, SECOND_FACTOR, type SecondFactorStatus, type UserError } from '../operations';
import { asPerson } from './api';
import { element, paragraph } from './dom';
import { form } from './form';
import { redraw, show } from './frame';
import { enrol, keepRecoveryCodes } from './second-factor-form';
import { signedIn } from './sign-in';

export default async function secondFactorPage(): Promise<void> {
  await signedIn();
  const { secondFactor } = await asPerson<{ secondFactor: SecondFactorStatus }>(SECOND_FACTOR);
  if (!secondFactor.isConfirmed) {
    await enrol();
    return redraw();
  }
  show('Your second factor is set up',
    paragraph(`Each sign-in asks for a one-time code. You have ${secondFactor.recoveryCodesLeft} recovery codes left.`),
    element('h2', {}, 'Make new recovery codes'),
    paragraph('The old ones stop working.'),
    form({
      label: 'New recovery codes',
      submit: 'Make new codes',
      kind: 'second',
      fields: [{ name: 'oneTimeCode', label: 'One-time code', autocomplete: 'one-time-code', numeric: true }],
      send: async ({ oneTimeCode }) => {
        type Answer = { renewRecoveryCodes: { recoveryCodes: string[] | null; userErrors: UserError[] } };
        const input = { oneTimeCode: oneTimeCode!.trim() };
        const { recoveryCodes, userErrors } = (await asPerson<Answer>(RENEW_RECOVERY_CODES, { input })).renewRecoveryCodes;
        if (recoveryCodes) void keepRecoveryCodes(recoveryCodes).then(redraw);
        return userErrors;
      },
    }));
}
