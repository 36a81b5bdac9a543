// Elements in one call each: `element('p', { class: 'hint' }, 'Text')`. Text is text and never markup.
type Attributes = Record<string, string | boolean | ((event: Event) => void)>;
export type Content = Node | string | null | undefined | false;

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name, attributes: Attributes = {}, ...content: Content[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(key, value);
    else if (value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...content.filter((part): part is Node | string => !!part));
  return made;
}

export function paragraph(...content: Content[]): HTMLParagraphElement {
  return element('p', {}, ...content);
}

/** A link within the pages, which keeps the session in memory (main.ts takes the click). */
export function link(label: string, address: string, kind = ''): HTMLAnchorElement {
  return element('a', { href: address, ...(kind && { class: kind }) }, label);
}

export function button(label: string, press: () => void, kind = ''): HTMLButtonElement {
  return element('button', { type: 'button', click: press, ...(kind && { class: kind }) }, label);
}

export function actions(...content: Content[]): HTMLDivElement {
  return element('div', { class: 'actions' }, ...content);
}

/** What is known, line by line; a line without a value is left out. */
export function details(rows: [string, Content][]): HTMLDListElement {
  const lines = rows.filter(([, value]) => value)
    .flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
  return element('dl', { class: 'details' }, ...lines);
}
