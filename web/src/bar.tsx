// The top of the page: the product's name, who is signed in, and how to be somebody else.
import { useState, type ReactNode } from 'react';

import { Clock } from './clock';
import { roleName, type Config, type DemoAccount } from './config';
import { useSession } from './hooks';
import type { UserError } from './operations';
import type { Person } from './session';
import { SignInForm } from './sign-in-form';

export function Bar({ config }: { config: Config }) {
  const [session, { person, notice }] = useSession();
  const [trouble, setTrouble] = useState('');
  const [busy, setBusy] = useState(false);
  const isDemo = config.accounts.length > 0;

  const attempt = async (action: () => Promise<UserError[]>) => {
    setBusy(true);
    setTrouble('');
    const errors = await action().catch((error: Error) => [{ message: error.message } as UserError]);
    setTrouble(errors.map((error) => [error.message, error.fix].filter(Boolean).join(' ')).join(' '));
    setBusy(false);
    return errors;
  };

  const enter = (account: DemoAccount) => (account.key ? session.useKey(account.key) : session.signIn(account));

  // Hours have passed on the server, and every session with them: staff who moved the clock go on at once.
  const signInAgain = async () => {
    const account = config.accounts.find(({ role }) => role === person?.role);
    if (account) await attempt(() => enter(account));
  };

  return (
    <header className="top" aria-busy={busy}>
      <h1 className="product">Flexible Credits</h1>
      {config.environment !== 'production' && <span className="place">{config.environment} server</span>}
      {isDemo && <DemoRoles accounts={config.accounts} person={person} busy={busy}
        onChoose={(account) => attempt(() => enter(account))} />}
      {!isDemo && !person && <SignInForm busy={busy} onSignIn={(credentials) => attempt(() => session.signIn(credentials))} />}
      {person && <SignedIn person={person} onSignOut={() => session.signOut()} />}
      {person?.role === 'OPS' && config.environment !== 'production' && <Clock onMoved={signInAgain} />}
      <p className="notice" role="status">{trouble || notice}</p>
    </header>
  );
}

interface DemoRolesProps {
  accounts: DemoAccount[];
  person: Person | null;
  busy: boolean;
  onChoose(account: DemoAccount): void;
}

function DemoRoles({ accounts, person, busy, onChoose }: DemoRolesProps): ReactNode {
  return (
    <div className="roles" role="group" aria-label="Sign in as a demo account">
      <span className="hint">Sign in as</span>
      {accounts.map((account) => (
        <button key={account.role} type="button" disabled={busy} title={account.email || 'by its key'}
          aria-pressed={person?.role === account.role} onClick={() => onChoose(account)}>
          {roleName(account.role)}
        </button>
      ))}
    </div>
  );
}

function SignedIn({ person, onSignOut }: { person: Person; onSignOut(): void }): ReactNode {
  return (
    <div className="signed-in">
      <span>Signed in as {person.name && <><strong>{person.name}</strong>, </>}{roleName(person.role)}</span>
      <button type="button" onClick={onSignOut}>Sign out</button>
    </div>
  );
}
