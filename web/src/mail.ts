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

const SENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const LOOK_AGAIN_MS = 2000;
const list = document.getElementById('messages')!;
const shown = document.getElementById('message')!;

let seen = ''; // the mailbox as it was last shown, so that a look that finds nothing new disturbs nobody

document.getElementById('reload')!.addEventListener('click', () => void load());
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
  add('From', message.from);
  add('Sent', moment(message.sentAt));
  return lines;
}

function content(message: Message): Node[] {
  const plain = element('pre', message.text ?? '');
  if (!message.html) return [plain];
  const details = element('details');
  details.append(element('summary', 'Plain text'), plain);
  return message.text ? [frame(message), details] : [frame(message)];
}

function frame(message: Message): HTMLIFrameElement {
  const view = element('iframe');
  view.title = `Message: ${message.subject}`;
  view.setAttribute('sandbox', ''); // no scripts, no forms, no way to this page; it inherits the page's policy too
  view.srcdoc = message.html ?? '';
  return view;
}

function moment(sentAt: string): HTMLTimeElement {
  const time = element('time', SENT.format(new Date(sentAt)));
  time.dateTime = sentAt;
  return time;
}

function people(to: string | string[]): string {
  return Array.isArray(to) ? to.join(', ') : to;
}

function element<Name extends keyof HTMLElementTagNameMap>(name: Name, content?: string | Node, kind?: string) {
  const made = document.createElement(name);
  if (content !== undefined) made.append(content);
  if (kind) made.className = kind;
  return made;
}
