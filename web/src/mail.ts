// The development mailbox: every message the program has sent, newest first.
import './look.css';
import './bar.css';
import './mail.css';

interface Message {
  id: string;
  to: string | string[];
  from: string;
  subject: string;
  sentAt: string;
  text: string | null;
  html: string | null;
}

const SENT = new Intl.DateTimeFormat('en-US', {
  weekday: 'short',
  month: 'short',
  day: 'numeric',
  year: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  timeZoneName: 'short',
});
const WEB_ADDRESS = /(https?:\/\/\S+)/;
const LOOK_AGAIN_MS = 2000;
const list = document.getElementById('messages')!;
const shown = document.getElementById('message')!;

let seen = ''; // the mailbox as it was last shown, so that a look that finds nothing new disturbs nobody

document.getElementById('reload')!.addEventListener('click', () => void load());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void load(); // at once: browsers let a page that nobody sees wait long for its next look
});
void look();

/** Looks again and again while somebody can see the page. */
async function look(): Promise<void> {
  if (!document.hidden) await load();
  setTimeout(() => void look(), LOOK_AGAIN_MS);
}

async function load(): Promise<void> {
  try {
    const response = await fetch('/dev/mail.json', { cache: 'no-store' });
    if (!response.ok) throw new Error(`The mailbox could not be read (${response.status}).`);
    const text = await response.text();
    if (text === seen) return;
    seen = text;
    shownAnew(JSON.parse(text) as Message[]);
  } catch (error) {
    seen = '';
    delete shown.dataset.message;
    shown.replaceChildren(element('p', (error as Error).message, 'notice'));
  }
}

function shownAnew(messages: Message[]): void {
  messages.reverse(); // of two that were sent in the same second the later one comes first
  messages.sort((one, other) => other.sentAt.localeCompare(one.sentAt));
  list.replaceChildren(...messages.map(entry));
  const chosen = messages.find(({ id }) => id === decodeURIComponent(location.hash.slice(1)));
  if (chosen) show(chosen);
  else if (messages[0]) show(messages[0]);
  else shown.replaceChildren(element('p', 'No message yet. They appear here as the program sends them.', 'empty'));
}

function entry(message: Message): HTMLLIElement {
  const button = element('button');
  button.type = 'button';
  button.dataset.message = message.id;
  button.append(element('strong', message.subject), element('span', people(message.to)), moment(message.sentAt));
  button.addEventListener('click', () => {
    history.replaceState(null, '', `#${encodeURIComponent(message.id)}`);
    show(message);
  });
  const item = element('li');
  item.append(button);
  return item;
}

function show(message: Message): void {
  for (const button of list.querySelectorAll('button')) {
    button.setAttribute('aria-current', String(button.dataset.message === message.id));
  }
  if (shown.dataset.message === message.id) return; // whoever is reading it goes on where they are
  shown.dataset.message = message.id;
  shown.replaceChildren(element('h2', message.subject), envelope(message), ...content(message));
}

function envelope(message: Message): HTMLDListElement {
  const lines = element('dl');
  const add = (name: string, value: string | Node) => lines.append(element('dt', name), element('dd', value));
  add('To', people(message.to));
  add('From', people(message.from));
  add('Sent', moment(message.sentAt));
  return lines;
}

function content(message: Message): Node[] {
  const plain = element('pre');
  plain.append(...(message.text ?? '').split(WEB_ADDRESS).map((part) => (WEB_ADDRESS.test(part) ? link(part) : part)));
  if (!message.html) return [plain];
  const details = element('details');
  details.append(element('summary', 'Plain text'), plain);
  return message.text ? [frame(message), details] : [frame(message)];
}

function frame(message: Message): HTMLIFrameElement {
  const view = element('iframe');
  view.title = `Message: ${message.subject}`;
  // No scripts, no forms, no way to this page; it inherits the page's policy too. Links open a window of their own.
  view.setAttribute('sandbox', 'allow-popups allow-popups-to-escape-sandbox');
  view.srcdoc = withLinksOpenedApart(message.html ?? '');
  return view;
}

/** The message, with each link to the web or to a mailbox opening a window of its own. */
function withLinksOpenedApart(html: string): string {
  const message = new DOMParser().parseFromString(html, 'text/html');
  for (const found of message.querySelectorAll<HTMLAnchorElement>('a[href]')) {
    found.removeAttribute('target');
    if (/^(https?|mailto):/i.test(found.getAttribute('href')!)) openApart(found);
  }
  return `<!doctype html>${message.documentElement.outerHTML}`;
}

function link(address: string): HTMLAnchorElement {
  const made = element('a', address);
  made.href = address;
  return openApart(made);
}

function openApart(link: HTMLAnchorElement): HTMLAnchorElement {
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  return link;
}

function moment(sentAt: string): HTMLTimeElement {
  const time = element('time', SENT.format(new Date(sentAt)));
  time.dateTime = sentAt;
  return time;
}

/** Addresses that break after a dot or an @, if at all, and never within a word. */
function people(to: string | string[]): DocumentFragment {
  const made = document.createDocumentFragment();
  for (const part of [to].flat().join(', ').split(/(?<=[.@])/)) made.append(part, element('wbr'));
  return made;
}

function element<Name extends keyof HTMLElementTagNameMap>(name: Name, content?: string | Node, kind?: string) {
  const made = document.createElement(name);
  if (content !== undefined) made.append(content);
  if (kind) made.className = kind;
  return made;
}
