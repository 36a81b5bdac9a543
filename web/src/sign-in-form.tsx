// E-mail and password, and the one-time code once the server asks for it.
import { useState, type FormEvent } from 'react';

import type { UserError } from './operations';
import type { Credentials } from './session';

interface SignInFormProps {
  busy: boolean;
  onSignIn(credentials: Credentials): Promise<UserError[]>;
}

export function SignInForm({ busy, onSignIn }: SignInFormProps) {
  const [needsCode, setNeedsCode] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string) => String(fields.get(name) ?? '').trim();
    const errors = await onSignIn({
      email: text('email'),
      password: String(fields.get('password') ?? ''),
      oneTimeCode: text('oneTimeCode'),
    });
    if (errors.some((error) => error.code === 'SECOND_FACTOR_REQUIRED')) setNeedsCode(true);
  };

  return (
    <form className="sign-in" aria-label="Sign in" onSubmit={submit}>
      <label>E-mail <input name="email" type="email" autoComplete="username" required /></label>
      <label>Password <input name="password" type="password" autoComplete="current-password" required /></label>
      {needsCode && (
        <label>One-time code <input name="oneTimeCode" inputMode="numeric" autoComplete="one-time-code" autoFocus /></label>
      )}
      <button type="submit" disabled={busy}>Sign in</button>
    </form>
  );
}
