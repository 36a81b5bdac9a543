// Setting up an authenticator: its secret as a QR code and as text, a first code, and the recovery codes, shown once.
import { encode } from 'uqr';

import { CONFIRM_SECOND_FACTOR, ENROL_SECOND_FACTOR, type Enrolment, type UserError } from '../operations';
import { asPerson } from './api';
import { actions, button, element, paragraph } from './dom';
import { form, inWords } from './form';
import { PRODUCT, session, show } from './frame';

const SVG = 'http://www.w3.org/2000/svg';

type Enrolled = { enrolSecondFactor: Enrolment & { userErrors: UserError[] } };
type Confirmed = { confirmSecondFactor: { recoveryCodes: string[] | null; userErrors: UserError[] } };

/** Leads through all of it; done once the person says that the recovery codes are kept. */
export async function enrol(): Promise<void> {
  await new Promise<void>((go) => show('Set up your second factor',
    paragraph('Your account is protected by a one-time code beside the password. You need an authenticator: an app on your phone, or your password manager.'),
    actions(button('Set up an authenticator', go))));
  const { enrolSecondFactor } = await asPerson<Enrolled>(ENROL_SECOND_FACTOR);
  if (!enrolSecondFactor.secret) throw new Error(enrolSecondFactor.userErrors.map(inWords).join(' '));
  const codes = await new Promise<string[]>((done) => drawSecret(enrolSecondFactor, done));
  await keepRecoveryCodes(codes);
  session.enrolled();
}

function drawSecret({ secret, address }: Enrolment, done: (codes: string[]) => void): void {
  show('Add this to your authenticator',
    paragraph('Scan the code, or type the secret. It is shown this once.'),
    qrCode(address),
    paragraph(element('code', {}, secret.replace(/.{4}(?=.)/g, '$& '))),
    paragraph(element('a', { href: address }, 'Open in an authenticator on this device')),
    form({
      label: 'First code',
      submit: 'Confirm',
      fields: [{ name: 'oneTimeCode', label: 'The code it shows now', autocomplete: 'one-time-code', numeric: true }],
      send: async ({ oneTimeCode }) => {
        const variables = { input: { oneTimeCode: oneTimeCode!.trim() } };
        const { confirmSecondFactor } = await asPerson<Confirmed>(CONFIRM_SECOND_FACTOR, variables);
        if (confirmSecondFactor.recoveryCodes) done(confirmSecondFactor.recoveryCodes);
        return confirmSecondFactor.userErrors;
      },
    }));
}

/** Shows recovery codes, to be downloaded or copied; done once the person says that they are kept. */
export function keepRecoveryCodes(codes: string[]): Promise<void> {
  const text = `${PRODUCT}: recovery codes\nEach works once in the place of a one-time code.\n\n${codes.join('\n')}\n`;
  const file = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  return new Promise((done) => show('Keep these recovery codes',
    paragraph('Each works once in the place of a one-time code, for the day your authenticator is lost. They are shown this once.'),
    element('ul', { class: 'codes' }, ...codes.map((code) => element('li', {}, element('code', {}, code)))),
    actions(
      element('a', { class: 'button second', href: file, download: 'recovery-codes.txt' }, 'Download'),
      button('I have kept them', () => {
        URL.revokeObjectURL(file);
        done();
      }),
    )));
}

function qrCode(text: string): SVGSVGElement {
  const { data, size } = encode(text, { border: 3 });
  const svg = document.createElementNS(SVG, 'svg');
  const dark = document.createElementNS(SVG, 'path');
  const squares = data.flatMap((row, y) => row.flatMap((set, x) => (set ? [`M${x} ${y}h1v1h-1z`] : [])));
  dark.setAttribute('d', squares.join(''));
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${size} ${size}`, class: 'qr', role: 'img', 'aria-label': 'The secret, as a QR code',
    'shape-rendering': 'crispEdges',
  })) svg.setAttribute(name, value);
  svg.append(dark);
  return svg;
}
