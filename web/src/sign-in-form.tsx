// E-mail and password, and after them the one-time code of an account that has a second factor; or a machine's key.
import { useState, type FormEvent } from 'react';

import type { UserError } from './operations';
import type { Credentials } from './session';

interface SignInFormProps {
  busy: boolean;
  onSignIn(credentials: Credentials): Promise<UserError[]>;
}

export function SignInForm({ busy, onSignIn }: SignInFormProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    void onSignIn({ email: String(fields.get('email')).trim(), password: String(fields.get('password')) });
  };

  return (
    <form className="sign-in" aria-label="Sign in" onSubmit={submit}>
      <label>E-mail <input name="email" type="email" autoComplete="username" required /></label>
      <label>Password <input name="password" type="password" autoComplete="current-password" required /></label>
      <button type="submit" disabled={busy}>Sign in</button>
    </form>
  );
}

interface KeyFormProps {
  busy: boolean;
  onKey(key: string): void;
}

export function KeyForm({ busy, onKey }: KeyFormProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onKey(String(new FormData(event.currentTarget).get('key')).trim());
  };

  return (
    <form className="sign-in" aria-label="Use a partner key" onSubmit={submit}>
      <label>Partner key <input name="key" type="password" autoComplete="off" required /></label>
      <button type="submit" disabled={busy}>Use it</button>
    </form>
  );
}

interface CodeFormProps {
  who: string;
  busy: boolean;
  onCode(oneTimeCode: string): Promise<UserError[]>;
  onCancel(): void;
}

export function CodeForm({ who, busy, onCode, onCancel }: CodeFormProps) {
  const [code, setCode] = useState('');

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if ((await onCode(code.trim())).length) setCode('');
  };

  return (
    <form className="sign-in" aria-label={`One-time code of ${who}`} onSubmit={submit}>
      <span className="hint">From your authenticator, or a recovery code:</span>
      <label>
        One-time code
        <input className="code" value={code} onChange={(event) => setCode(event.target.value)} inputMode="numeric"
          autoComplete="one-time-code" autoFocus required />
      </label>
      <button type="submit" disabled={busy}>Continue</button>
      <button type="button" className="plain" onClick={onCancel}>Cancel</button>
    </form>
  );
}
