// Signing in, wherever a page needs it: by password, by a one-time code after it, or through the campus.
import { CAMPUSES, EXCHANGE_CAMPUS_CODE, type SessionPayload, type UserError } from '../operations';
import type { Credentials, Person } from '../session';
import { agreementFields, accepted, allAgreements, type Agreement } from './agreements';
import { asAnybody, DEVICE } from './api';
import { actions, button, element, link, paragraph } from './dom';
import { form } from './form';
import { session, show } from './frame';
import { enrol } from './second-factor-form';

interface Campus {
  name: string;
  signInAddress: string;
}

const VERIFIER = 'campus-verifier';
const NEXT = 'campus-next';

/** The person who is signed in; asks them to sign in first if nobody is, and to set up what their role demands. */
export async function signedIn(): Promise<Person> {
  if (!session.state().person) await new Promise<void>((done) => drawSignIn(done));
  if (session.state().person?.mustEnrol) await enrol();
  return session.state().person!;
}

function drawSignIn(done: () => void): void {
  const { notice } = session.state();
  show('Sign in', notice && element('p', { class: 'told' }, notice), passwordForm(done),
    paragraph(link('Forgot your password?', '/reset-password')), campusSearch());
}

function passwordForm(done: () => void): HTMLFormElement {
  return form({
    label: 'Sign in',
    submit: 'Sign in',
    fields: [
      { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username' },
      { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' },
    ],
    send: ({ email, password }) => attempt({ email: email!.trim(), password: password! }, done),
  });
}

async function attempt(credentials: Credentials, done: () => void): Promise<UserError[]> {
  const errors = await session.signIn(credentials);
  if (!credentials.oneTimeCode && errors.some(({ code }) => code === 'SECOND_FACTOR_REQUIRED')) {
    drawCode(credentials, done);
    return [];
  }
  if (!errors.length) done();
  return errors;
}

function drawCode(credentials: Credentials, done: () => void): void {
  show('Enter your one-time code', form({
    label: 'One-time code',
    submit: 'Continue',
    fields: [{
      name: 'oneTimeCode', label: 'One-time code', autocomplete: 'one-time-code',
      hint: 'From your authenticator app. A recovery code works too.',
    }],
    send: ({ oneTimeCode }) => attempt({ ...credentials, oneTimeCode: oneTimeCode!.trim() }, done),
  }), actions(button('Back', () => drawSignIn(done), 'second')));
}

function campusSearch(): HTMLElement {
  const found = element('div', { role: 'status' });
  return element('details', {}, element('summary', {}, 'Students: sign in through your campus'), form({
    label: 'Find your school',
    submit: 'Find',
    kind: 'second',
    fields: [{ name: 'search', label: 'Name of your school', autocomplete: 'organization' }],
    send: async ({ search }) => {
      const { campuses } = await asAnybody<{ campuses: Campus[] }>(CAMPUSES, { search });
      found.replaceChildren(...(campuses.length
        ? campuses.map((campus) => button(campus.name, () => void leaveFor(campus), 'second'))
        : ['No school of this name signs in through its campus.']));
      return [];
    },
  }), found);
}

/** Sends the browser to the campus; the verifier (RFC 7636) waits in this tab alone and is used once. */
async function leaveFor({ signInAddress }: Campus): Promise<void> {
  const verifier = inBase64Url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  sessionStorage.setItem(VERIFIER, verifier);
  sessionStorage.setItem(NEXT, location.pathname);
  const asked = { challenge: inBase64Url(new Uint8Array(digest)), return_to: `${location.origin}/login` };
  location.assign(`${signInAddress}?${new URLSearchParams(asked)}`);
}

function inBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Goes on after the campus has sent the browser back; answers where the person wanted to go. */
export async function backFromCampus(code: string): Promise<string> {
  const [verifier, next] = [sessionStorage.getItem(VERIFIER) ?? '', sessionStorage.getItem(NEXT) ?? '/'];
  sessionStorage.removeItem(VERIFIER);
  sessionStorage.removeItem(NEXT);
  const errors = await exchange(code, verifier, []);
  if (errors.length) await firstTime(code, verifier, errors);
  return next;
}

async function exchange(code: string, verifier: string, accepts: Agreement[]): Promise<UserError[]> {
  const input = { code, verifier, device: DEVICE, ...(accepts.length && { accepts }) };
  type Answer = { exchangeCampusCode: SessionPayload };
  return session.begin((await asAnybody<Answer>(EXCHANGE_CAMPUS_CODE, { input })).exchangeCampusCode);
}

/** At the first sign-in there is something to accept; any other refusal is told, and the person begins again. */
async function firstTime(code: string, verifier: string, errors: UserError[]): Promise<void> {
  if (!errors.every(({ field }) => field.includes('accepts'))) throw new Error(errors.map((it) => it.message).join(' '));
  const agreements = await allAgreements('STUDENT');
  await new Promise<void>((done) => show('Before your first sign-in', form({
    label: 'Agreements',
    submit: 'Accept and sign in',
    fields: agreementFields(agreements),
    send: async (values) => {
      const refused = await exchange(code, verifier, accepted(agreements, values));
      if (!refused.length) done();
      return refused;
    },
  })));
}
