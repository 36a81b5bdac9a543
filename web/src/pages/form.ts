// A form: its fields, one button, and the server's refusals beside the fields that they are about. What was typed stays.
import type { UserError } from '../operations';
import { element, type Content } from './dom';

export interface Field {
  name: string;
  label: string;
  type?: 'text' | 'email' | 'password' | 'checkbox';
  autocomplete?: string;
  hint?: string;
  value?: string;
  minlength?: number;
  optional?: boolean;
  numeric?: boolean;
  options?: [value: string, label: string][];
  /** What is to be read before, fetched when somebody opens it. */
  reading?: { label: string; text(): Promise<string> };
}

export type Values = Record<string, string>;

interface FormOptions {
  label: string;
  fields: Field[];
  submit: string;
  kind?: string;
  /** Answers the refusals; an empty list means it worked. */
  send(values: Values): Promise<UserError[]>;
}

export function form({ label, fields, submit, kind = '', send }: FormOptions): HTMLFormElement {
  const alert = element('p', { class: 'alert', role: 'alert' });
  const made = element('form', { 'aria-label': label }, alert, ...fields.map(drawn),
    element('button', { type: 'submit', ...(kind && { class: kind }) }, submit));
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    if (made.ariaBusy !== 'true') void sent(made, alert, fields, send);
  });
  return made;
}

async function sent(
  made: HTMLFormElement, alert: HTMLElement, fields: Field[], send: FormOptions['send'],
): Promise<void> {
  tell(made, alert, fields, []);
  made.ariaBusy = 'true';
  const values = Object.fromEntries([...new FormData(made)].map(([name, value]) => [name, String(value)]));
  const errors = await send(values).catch((error: Error) => [refusal(error.message)]);
  made.ariaBusy = 'false';
  if (made.isConnected) tell(made, alert, fields, errors);
}

/** A refusal that is about nothing in particular. */
export function refusal(message: string): UserError {
  return { code: '', message, field: [], rule: '', fix: '' };
}

export function inWords({ message, fix }: UserError): string {
  return [message, fix].filter(Boolean).join(' ');
}

function tell(made: HTMLFormElement, alert: HTMLElement, fields: Field[], errors: UserError[]): void {
  const beside = (name: string) => errors.filter(({ field }) => field.includes(name));
  for (const { name } of fields) {
    const input = made.elements.namedItem(name) as HTMLInputElement;
    const wrong = beside(name).map(inWords).join(' ');
    input.setAttribute('aria-invalid', String(!!wrong));
    document.getElementById(`${input.id}-wrong`)!.textContent = wrong;
  }
  const others = errors.filter(({ field }) => !fields.some(({ name }) => field.includes(name)));
  alert.textContent = [...new Set(others.map(inWords))].join(' ');
  made.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
}

let count = 0;

function drawn(field: Field): HTMLDivElement {
  const id = `field-${(count += 1)}`;
  const label = element('label', { for: id }, field.label);
  const hint = field.hint && element('p', { class: 'hint', id: `${id}-hint` }, field.hint);
  const wrong = element('p', { class: 'wrong', id: `${id}-wrong` });
  const described = { 'aria-describedby': [hint && `${id}-hint`, `${id}-wrong`].filter(Boolean).join(' ') };
  const parts: Content[] = field.type === 'checkbox'
    ? [control(field, id, described), label, wrong, field.reading && reading(field.reading)] : [label, hint, control(field, id, described), wrong];
  return element('div', { class: field.type === 'checkbox' ? 'field check' : 'field' }, ...parts);
}

function reading({ label, text }: NonNullable<Field['reading']>): HTMLDetailsElement {
  const shown = element('div', { class: 'reading', tabindex: '0', role: 'region', 'aria-label': label });
  const open = (): void => void text().then((found) => { shown.textContent = found; })
    .catch((error: Error) => { shown.textContent = error.message; });
  return element('details', { toggle: ({ target }) => (target as HTMLDetailsElement).open && open() },
    element('summary', {}, label), shown);
}

function control(field: Field, id: string, described: Record<string, string>): HTMLElement {
  const { name, type = 'text', autocomplete, value, minlength, optional, numeric, options } = field;
  const common = { id, name, required: !optional, ...described };
  if (options) {
    const choices = [['', 'Choose …'], ...options].map(([key, label]) => element('option', { value: key! }, label));
    return element('select', common, ...choices);
  }
  return element('input', {
    ...common, type, ...(autocomplete && { autocomplete }), ...(value && { value }),
    ...(minlength && { minlength: String(minlength) }), ...(numeric && { inputmode: 'numeric' }),
  });
}
