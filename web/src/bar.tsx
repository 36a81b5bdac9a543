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

  return (
    <header className="top" aria-busy={busy}>
      <h1 className="product">Flexible Credits</h1>
      {config.environment !== 'production' && <span className="place">{config.environment} server</span>}
      {isDemo && <DemoRoles accounts={config.accounts} person={person} busy={busy}
        onChoose={(account) => attempt(() => (account.key ? session.useKey(account.key) : session.signIn(account)))} />}
      {!isDemo && !person && <SignInForm busy={busy} onSignIn={(credentials) => attempt(() => session.signIn(credentials))} />}
      {person && <SignedIn person={person} onSignOut={() => session.signOut()}
        onActAs={(membership) => attempt(() => session.actAs(membership))} />}
      {person?.role === 'OPS' && config.environment !== 'production' && <Clock />}
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

interface SignedInProps {
  person: Person;
  onSignOut(): void;
  onActAs(membershipId: string): void;
}

function SignedIn({ person, onSignOut, onActAs }: SignedInProps): ReactNode {
  const { memberships } = person;
  return (
    <div className="signed-in">
      <span>Signed in as <strong>{person.name}</strong>, {roleName(person.role)}</span>
      {memberships.length > 1 && (
        <label>
          Acting as
          <select onChange={(event) => onActAs(event.target.value)}>
            {memberships.map(({ id, role, organization }) => (
              <option key={id} value={id}>{[roleName(role), organization].filter(Boolean).join(', ')}</option>
            ))}
          </select>
        </label>
      )}
      <button type="button" onClick={onSignOut}>Sign out</button>
    </div>
  );
}
