// What the server tells this page before anybody has signed in, and the words for it.
import type { Membership } from './operations';

export interface DemoAccount {
  role: string;
  email: string;
  password: string;
  key: string; // a machine's key instead of an address and a password
}

export type StarterGroup = 'SCREEN' | 'WATCH' | 'ACTION' | 'STEP';

export interface Starter {
  group: StarterGroup;
  role: string;
  title: string;
  query: string;
  variables: string;
}

export interface Config {
  environment: 'demo' | 'test' | 'production';
  accounts: DemoAccount[];
  starters: Starter[];
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch('/graphiql/config.json', { credentials: 'omit' });
  if (!response.ok) throw new Error(`The page's configuration could not be read (${response.status}).`);
  return (await response.json()) as Config;
}

/** `OFFICE` is a word for programs; people read "Office". */
export function roleName(role: string): string {
  return role === 'OPS' ? 'Operations' : role.charAt(0) + role.slice(1).toLowerCase();
}

/**
 * What each membership is called: its role, and what it acts for as far as the one that acts now may see it; the end of
 * its id where two would read the same.
 */
export function membershipNames(memberships: Membership[]): Map<string, string> {
  const plain = memberships.map(({ role, practice, provider, school }) =>
    [roleName(role), (practice ?? provider ?? school)?.name].filter(Boolean).join(', '));
  return new Map(memberships.map(({ id }, index) => {
    const name = plain[index]!;
    return [id, plain.indexOf(name) === plain.lastIndexOf(name) ? name : `${name} (…${id.slice(-4)})`];
  }));
}
