// What the variables of a worked query leave open: `"{appointment}"` is the appointment that an answer has shown last,
// `"{new key}"` an idempotency key of this one run. Ids are filled in as soon as they are known, a key only in what is
// sent.
const KINDS: Record<string, string> = {
  prv: 'provider',
  lic: 'license',
  stu: 'student',
  opn: 'opening',
  apt: 'appointment',
  clm: 'claim',
  sch: 'school',
  prc: 'practice',
  mem: 'membership',
  fil: 'file',
  job: 'job',
  ctx: 'consent text',
  cns: 'consent',
  agr: 'acceptance',
  crq: 'credit request',
  grt: 'grant',
  tsk: 'task',
};
const TYPE_ID = /^([a-z]+)_(?:[a-z]+_)*[0-9a-z]{26}$/;
const PLACEHOLDER = /^\{([a-z ]+)\}$/;
const NEW_KEY = 'new key';

/** Nothing is sent: no answer has shown an id of this kind yet. */
export class MissingId extends Error {
  constructor(readonly kind: string) {
    super(`No answer has shown the id of the ${kind} yet.`);
  }
}

export class Placeholders {
  #ids = new Map<string, string>();

  /** Remembers the first id of each kind in an answer. */
  learn(answer: unknown): void {
    for (const [kind, id] of idsIn(answer, new Map())) this.#ids.set(kind, id);
  }

  forget(): void {
    this.#ids.clear();
  }

  /** The variables of a worked query as the editor shows them. */
  shown(variables: string): string {
    const open: unknown = JSON.parse(variables, (name, value) => (name === 'idempotencyKey' ? `{${NEW_KEY}}` : value));
    return JSON.stringify(replaced(open, (kind, text) => this.#ids.get(kind) ?? text), null, 2);
  }

  /** The variables as they are sent. Throws MissingId. */
  sent(variables: unknown): unknown {
    return replaced(variables, (kind, text) => {
      if (kind === NEW_KEY) return newKey();
      const isKind = Object.values(KINDS).includes(kind);
      const id = this.#ids.get(kind);
      if (isKind && !id) throw new MissingId(kind);
      return id ?? text;
    });
  }
}

function replaced(value: unknown, by: (name: string, text: string) => string): unknown {
  if (typeof value === 'string') {
    const name = PLACEHOLDER.exec(value)?.[1];
    return name ? by(name, value) : value;
  }
  if (Array.isArray(value)) return value.map((part) => replaced(part, by));
  if (!value || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, replaced(part, by)]));
}

/** `crypto.randomUUID` is missing where the page is not served by https. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function idsIn(value: unknown, found: Map<string, string>): Map<string, string> {
  if (typeof value === 'string') {
    const kind = KINDS[TYPE_ID.exec(value)?.[1] ?? ''];
    if (kind && !found.has(kind)) found.set(kind, value);
  } else if (value && typeof value === 'object') {
    for (const part of Object.values(value)) idsIn(part, found);
  }
  return found;
}
