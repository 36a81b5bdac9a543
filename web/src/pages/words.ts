// Times, amounts and the schema's names as people read them.
const MOMENT = new Intl.DateTimeFormat('en-US', {
  weekday: 'short', month: 'short', day: 'numeric', year: 'numeric', hour: 'numeric', minute: '2-digit', timeZoneName: 'short',
});
const MINUTE_MS = 60_000;

/** An instant on this device's clock, with its zone: Tue, Nov 24, 2026, 9:00 AM EST. */
export function moment(at: string): string {
  return MOMENT.format(new Date(at));
}

export function minutes(from: string, to: string): string {
  return `${(Date.parse(to) - Date.parse(from)) / MINUTE_MS} minutes`;
}

/** `NO_SHOW` is a word for programs; people read "No show". */
export function plain(name: string): string {
  const words = name.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function dollars(money: { amount: string } | null | undefined): string {
  return money ? `$${money.amount}` : '';
}

const ROLES: Record<string, string> = {
  STUDENT: 'a student',
  PROVIDER: 'a provider',
  OFFICE: "an office user of a practice",
  SCHOOL: "a school's staff member",
  OPS: 'a member of our operations staff',
  FINANCE: 'a member of our finance staff',
};

export function asWhat(role: string): string {
  return ROLES[role] ?? plain(role);
}
