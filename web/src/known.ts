// The ids that answers have shown, the first of each kind in the newest answer: a worked query that needs
// `{appointment}` is filled in with the one just seen, so that nobody copies ids from step to step.
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
};
const TYPE_ID = /^([a-z]+)_[0-9a-z]{26}$/;

export class Known {
  #ids = new Map<string, string>();

  learn(answer: unknown): void {
    for (const [kind, id] of seenIn(answer, new Map())) this.#ids.set(kind, id);
  }

  /** The variables, laid out, with each `{kind}` that has been seen replaced by its id. */
  fill(variables: string): string {
    const filled = variables.replace(/"\{(\w+)\}"/g, (all, kind: string) => {
      const id = this.#ids.get(kind);
      return id ? JSON.stringify(id) : all;
    });
    try {
      return JSON.stringify(JSON.parse(filled), null, 2);
    } catch {
      return filled;
    }
  }
}

function seenIn(value: unknown, seen: Map<string, string>): Map<string, string> {
  if (typeof value === 'string') {
    const kind = KINDS[TYPE_ID.exec(value)?.[1] ?? ''];
    if (kind && !seen.has(kind)) seen.set(kind, value);
  } else if (value && typeof value === 'object') {
    for (const part of Object.values(value)) seenIn(part, seen);
  }
  return seen;
}
