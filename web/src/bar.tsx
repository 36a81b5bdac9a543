// The top of the page: the product's name, who is signed in, and how to be somebody else.
import { useState, type ReactNode } from 'react';

import { Clock } from './clock';
import { membershipNames, roleName, type DemoAccount } from './config';
import { useSession } from './hooks';
import type { UserError } from './operations';
import type { Page } from './page';
import type { Credentials, Person } from './session';
import { CodeForm, KeyForm, SignInForm } from './sign-in-form';

export function Bar({ page }: { page: Page }) {
  const { config } = page;
  const [session, { person, notice }] = useSession();
  const [trouble, setTrouble] = useState('');
  const [busy, setBusy] = useState(false);
  const [asksForm, setAsksForm] = useState(false);
  const [wantsCode, setWantsCode] = useState<Credentials | null>(null);
  const isDemo = config.accounts.length > 0;

  const attempt = async (action: () => Promise<UserError[]>) => {
    setBusy(true);
    setTrouble('');
    const errors = await action().catch((error: Error) => [{ message: error.message } as UserError]);
    setTrouble(errors.map((error) => [error.message, error.fix].filter(Boolean).join(' ')).join(' '));
    setBusy(false);
    return errors;
  };

  const signIn = async (credentials: Credentials) => {
    const errors = await attempt(() => session.signIn(credentials));
    if (errors.some((error) => error.code === 'SECOND_FACTOR_REQUIRED')) {
      setTrouble(''); // nothing is wrong: the form asks for the rest
      setWantsCode(credentials);
    } else if (!errors.length) leaveForms();
    return errors;
  };

  const leaveForms = () => {
    setAsksForm(false);
    setWantsCode(null);
    setTrouble('');
  };

  const enter = (account: DemoAccount) => {
    leaveForms();
    return account.key ? attempt(() => session.enter(account)) : signIn(account);
  };

  const takeKey = async (key: string) => {
    if (!(await attempt(() => session.useKey(key))).length) leaveForms();
  };

  // Hours have passed on the server, and every session with them: staff who moved the clock go on at once.
  const signInAgain = async () => {
    const account = config.accounts.find(({ email }) => email === person?.email);
    if (account) await enter(account);
  };

  const asks = wantsCode || asksForm || (!isDemo && !person);
  return (
    <header className="top" aria-busy={busy}>
      <h1 className="product">Flexible Credits</h1>
      {config.environment !== 'production' && <span className="place">{config.environment} server</span>}
      {isDemo && <DemoRoles accounts={config.accounts} person={person} busy={busy} asksForm={asksForm} onChoose={enter}
        onOther={() => (asksForm ? leaveForms() : setAsksForm(true))} />}
      {isDemo && person?.role === 'OPS' && !person.mustEnrol && <Clock moved={page.serverTime} onMoved={signInAgain} />}
      {asks && (wantsCode
        ? <CodeForm who={wantsCode.email} busy={busy} onCancel={leaveForms}
          onCode={(oneTimeCode) => signIn({ ...wantsCode, oneTimeCode })} />
        : <>
          <SignInForm busy={busy} onSignIn={signIn} />
          <KeyForm busy={busy} onKey={takeKey} />
        </>)}
      {person && !asks && <SignedIn person={person} busy={busy} onSignOut={() => session.signOut()}
        onActAs={(id) => attempt(() => session.actAs(id))} />}
      <p className="notice" role="status">{trouble || notice}</p>
    </header>
  );
}

interface DemoRolesProps {
  accounts: DemoAccount[];
  person: Person | null;
  busy: boolean;
  asksForm: boolean;
  onChoose(account: DemoAccount): void;
  onOther(): void;
}

function DemoRoles({ accounts, person, busy, asksForm, onChoose, onOther }: DemoRolesProps): ReactNode {
  return (
    <div className="roles" role="group" aria-label="Sign in as a demo account">
      <span className="hint">Sign in as</span>
      {accounts.map((account) => (
        <button key={account.role} type="button" disabled={busy} title={account.email || 'by its key'}
          aria-pressed={person?.email === account.email} onClick={() => onChoose(account)}>
          {roleName(account.role)}
        </button>
      ))}
      <button type="button" disabled={busy} aria-expanded={asksForm} onClick={onOther}>Other …</button>
    </div>
  );
}

interface SignedInProps {
  person: Person;
  busy: boolean;
  onSignOut(): void;
  onActAs(membershipId: string): void;
}

function SignedIn({ person, busy, onSignOut, onActAs }: SignedInProps): ReactNode {
  const { name, role, memberships, acting } = person;
  return (
    <div className="signed-in">
      <span>
        <span className="unseen">Signed in as </span>
        {name && <><strong>{name}</strong>, </>}{memberships.length < 2 && roleName(role)}
      </span>
      {memberships.length > 1 && (
        <select aria-label="Acting as" value={acting} disabled={busy} onChange={(event) => onActAs(event.target.value)}>
          {[...membershipNames(memberships)].map(([id, called]) => <option key={id} value={id}>{called}</option>)}
        </select>
      )}
      <button type="button" onClick={onSignOut}>Sign out</button>
    </div>
  );
}
