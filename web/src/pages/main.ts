// The pages of the product: which address shows which. An area adds a line here and its address in endpoints/pages.py.
import './pages.css';

import { ServerFailure } from '../server';
import { paragraph } from './dom';
import { drawnBy, go, session, show } from './frame';
import type { Page, Place } from './place';

const PAGES: [address: RegExp, load: () => Promise<{ default: Page }>][] = [
  [/^\/$/, () => import('./home')],
  [/^\/login$/, () => import('./login')],
  [/^\/invitation$/, () => import('./invitation')],
  [/^\/verify-address$/, () => import('./verify-address')],
  [/^\/reset-password$/, () => import('./reset-password')],
  [/^\/second-factor$/, () => import('./second-factor')],
  [/^\/appointments$/, () => import('./appointments')],
  [/^\/appointments\/(\w+)$/, () => import('./appointment')],
  [/^\/claims\/(\w+)$/, () => import('./claim')],
];

// Mails that were sent before there were pages of our own led to `/#invitation=…` and `/#apt_…`.
const FORMER_SECRET = /^(invitation|verify-address|reset-password)=(.+)$/;
const FORMER_APPOINTMENT = /^apt_\w+$/;

let secret = '';
let answer = new URLSearchParams();

/** Takes what only this page may know out of the address bar, before anything else is done or asked. */
function takeSecrets(): void {
  const behind = decodeURIComponent(location.hash.slice(1));
  const former = FORMER_SECRET.exec(behind);
  secret = former ? former[2]! : behind;
  answer = new URLSearchParams(location.search);
  let path = location.pathname;
  if (former) path = `/${former[1]}`;
  else if (path === '/' && FORMER_APPOINTMENT.test(behind)) path = `/appointments/${behind}`;
  history.replaceState(null, '', path);
}

async function draw(): Promise<void> {
  for (const [address, load] of PAGES) {
    const found = address.exec(location.pathname);
    if (!found) continue;
    const place: Place = { id: found[1] ?? '', secret, answer };
    [secret, answer] = ['', new URLSearchParams()];
    return (await load()).default(place);
  }
  show('There is no such page', paragraph('Look at the address again, or begin at the front.'));
}

function drawn(): void {
  draw().catch((error: Error) => {
    const ended = error instanceof ServerFailure && error.code === 'UNAUTHENTICATED';
    if (ended && !session.state().person) return drawn(); // it signs in anew
    show('This did not work', paragraph(error.message || 'The server cannot be reached. Try again in a moment.'));
  });
}

// A click on a link of ours stays in this page, as its session stands in memory alone.
document.addEventListener('click', (event) => {
  const clicked = (event.target as Element).closest?.('a');
  const plainClick = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!clicked || !plainClick || clicked.origin !== location.origin || clicked.hasAttribute('download')) return;
  if (!PAGES.some(([address]) => address.test(clicked.pathname))) return;
  event.preventDefault();
  go(clicked.pathname);
});

drawnBy(drawn);
window.addEventListener('popstate', () => {
  if (location.hash) takeSecrets();
  drawn();
});
takeSecrets();
drawn();
