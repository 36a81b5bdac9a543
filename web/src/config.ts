// What the server tells this page before anybody has signed in, and the words for it.
import type { Membership } from './operations';

export interface DemoAccount {
  role: string;
  email: string;
  password: string;
  key: string; // a machine's key instead of an address and a password
}

export interface Starter {
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
  const response = await fetch('/graphql/config.json', { credentials: 'omit' });
  if (!response.ok) throw new Error(`The page's configuration could not be read (${response.status}).`);
  return (await response.json()) as Config;
}

/** `OFFICE` is a word for programs; people read "Office". */
export function roleName(role: string): string {
  return role === 'OPS' ? 'Operations' : role.charAt(0) + role.slice(1).toLowerCase();
}

/** What a membership acts for: a school, a practice, a provider. */
export function placeOf({ practice, provider, school }: Membership): string {
  return (practice ?? provider ?? school)?.name ?? '';
}
