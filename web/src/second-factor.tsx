// Setting up a second factor, for sessions that may do nothing before: the secret, its QR code, a first code to prove it,
// and the recovery codes, which are shown this once.
import { QRCodeSVG } from 'qrcode.react';
import { useState, type FormEvent } from 'react';

import { useSession } from './hooks';
import { CONFIRM_SECOND_FACTOR, ENROL_SECOND_FACTOR, type Enrolment, type UserError } from './operations';
import { ask } from './server';

type Enrolled = { enrolSecondFactor: Enrolment & { userErrors: UserError[] } };
type Confirmed = { confirmSecondFactor: { recoveryCodes: string[] | null; userErrors: UserError[] } };

export function SecondFactor() {
  const [session, { person }] = useSession();
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const [recoveryCodes, setRecoveryCodes] = useState<string[]>([]);
  const [trouble, setTrouble] = useState('');
  const [busy, setBusy] = useState(false);
  if (!person?.mustEnrol) return null;

  const attempt = async (action: () => Promise<UserError[]>) => {
    setBusy(true);
    const errors = await action().catch((error: Error) => [{ message: error.message } as UserError]);
    setTrouble(errors.map((error) => [error.message, error.fix].filter(Boolean).join(' ')).join(' '));
    setBusy(false);
  };

  const enrol = () => attempt(async () => {
    const { enrolSecondFactor } = await ask<Enrolled>(ENROL_SECOND_FACTOR, {}, await session.accessToken());
    if (enrolSecondFactor.secret) setEnrolment(enrolSecondFactor);
    return enrolSecondFactor.userErrors;
  });

  const confirm = (oneTimeCode: string) => attempt(async () => {
    const variables = { input: { oneTimeCode } };
    const { confirmSecondFactor } = await ask<Confirmed>(CONFIRM_SECOND_FACTOR, variables, await session.accessToken());
    setRecoveryCodes(confirmSecondFactor.recoveryCodes ?? []);
    return confirmSecondFactor.userErrors;
  });

  const done = () => {
    setEnrolment(null);
    setRecoveryCodes([]);
    session.enrolled();
  };

  return (
    <section className="second-factor" aria-label="Second factor">
      {recoveryCodes.length > 0 ? <RecoveryCodes codes={recoveryCodes} onKept={done} />
        : enrolment ? <Authenticator enrolment={enrolment} busy={busy} onCode={confirm} />
        : <Beginning busy={busy} onBegin={enrol} />}
      <p className="notice" role="alert">{trouble}</p>
    </section>
  );
}

function Beginning({ busy, onBegin }: { busy: boolean; onBegin(): void }) {
  return (
    <>
      <h2>Set up your second factor</h2>
      <p>Your role works with a one-time code beside the password. You need an authenticator, on your phone or in your password manager.</p>
      <button type="button" disabled={busy} onClick={onBegin}>Set up an authenticator</button>
    </>
  );
}

function Authenticator({ enrolment, busy, onCode }: { enrolment: Enrolment; busy: boolean; onCode(code: string): void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onCode(String(new FormData(event.currentTarget).get('code')).trim());
  };

  return (
    <>
      <h2>Add this to your authenticator</h2>
      <div className="secret">
        <QRCodeSVG value={enrolment.address} size={168} marginSize={3} title="The secret, as a QR code" />
        <div>
          <p>Scan the code, or type the secret. It is shown this once.</p>
          <p><code>{enrolment.secret.replace(/.{4}(?=.)/g, '$& ')}</code></p>
          <p><a href={enrolment.address}>Open in an authenticator on this device</a></p>
          <form onSubmit={submit}>
            <label>
              The code it shows now
              <input className="code" name="code" inputMode="numeric" autoComplete="one-time-code" autoFocus required />
            </label>
            <button type="submit" disabled={busy}>Confirm</button>
          </form>
        </div>
      </div>
    </>
  );
}

function RecoveryCodes({ codes, onKept }: { codes: string[]; onKept(): void }) {
  return (
    <>
      <h2>Keep these recovery codes</h2>
      <p>Each works once in the place of a one-time code, for the day your authenticator is lost. They are shown this once.</p>
      <ul className="recovery-codes">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ul>
      <button type="button" onClick={() => void navigator.clipboard.writeText(codes.join('\n'))}>Copy</button>{' '}
      <button type="button" onClick={onKept}>I have kept them</button>
    </>
  );
}
