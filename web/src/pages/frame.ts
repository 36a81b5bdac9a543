// What is around every page: the product's name, who is signed in, and the card that a page is shown in.
import { membershipNames, roleName } from '../config';
import { Session } from '../session';
import { button, element, link, type Content } from './dom';

export const PRODUCT = document.documentElement.dataset.product ?? '';
export const ENVIRONMENT = document.documentElement.dataset.environment ?? '';
export const session = new Session();

const top = document.getElementById('top')!;
const main = document.getElementById('main')!;

let draw: () => void = () => undefined;

/** Shows a page: its heading, which becomes the title and is read out first, and its content. */
export function show(heading: string, ...content: Content[]): void {
  const title = element('h1', { tabindex: '-1' }, heading);
  main.replaceChildren(title, ...content.filter((part): part is Node | string => !!part));
  document.title = heading === PRODUCT ? PRODUCT : `${heading} · ${PRODUCT}`;
  title.focus();
}

/** Goes to another of these pages without leaving this one, so that the session in memory goes along. */
export function go(address: string): void {
  history.pushState(null, '', address);
  draw();
}

/** Tells the frame how to draw the page of the address. */
export function drawnBy(how: () => void): void {
  draw = how;
}

export function redraw(): void {
  draw();
}

function drawTop(): void {
  const { person } = session.state();
  top.replaceChildren(link(PRODUCT, '/', 'brand'), ...(person ? [whoActs(), signOut()] : []));
}

function whoActs(): HTMLElement {
  const { memberships, acting, name, role, email } = session.state().person!;
  if (memberships.length < 2) return element('span', { class: 'hint' }, `${name || email}, ${roleName(role)}`);
  const names = [...membershipNames(memberships)];
  const select = element('select', { 'aria-label': 'Acting as', change: () => void actAs(select.value) },
    ...names.map(([id, called]) => element('option', { value: id, selected: id === acting }, called)));
  return select;
}

async function actAs(membershipId: string): Promise<void> {
  const errors = await session.actAs(membershipId).catch((error: Error) => [error]);
  if (errors[0]) show('You could not change your role', element('p', {}, errors[0].message));
  else draw();
}

function signOut(): HTMLButtonElement {
  return button('Sign out', () => {
    void session.signOut();
    history.pushState(null, '', '/login');
    show('You are signed out', element('p', {}, 'It is safe to close this page.'), link('Sign in again', '/login', 'button'));
  }, 'second');
}

session.subscribe(drawTop);
drawTop();
