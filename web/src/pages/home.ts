// `/`: what the product is, and how to sign in; for somebody who is signed in, where to go.
import { actions, element, link, paragraph } from './dom';
import { ENVIRONMENT, PRODUCT, session, show } from './frame';
import { whatItIs } from './about';

const HAVE_SESSIONS = new Set(['STUDENT', 'PROVIDER', 'OFFICE']);

export default function home(): void {
  const { person } = session.state();
  if (!person) {
    return show(PRODUCT, ...whatItIs(), paragraph('You need an invitation to join: your school, your practice or our staff sends it by mail.'),
      actions(link('Sign in', '/login', 'button')), forDevelopers());
  }
  show(person.name ? `Hello ${person.name}` : 'Hello',
    paragraph('You are signed in. Reloading or closing this page signs you out.'),
    actions(
      HAVE_SESSIONS.has(person.role) && link('Your sessions', '/appointments', 'button'),
      link('Second factor', '/second-factor', 'button second'),
    ), forDevelopers());
}

function forDevelopers(): HTMLElement | false {
  return ENVIRONMENT === 'demo'
    && element('p', { class: 'hint' }, 'This is a demo server. ', element('a', { href: '/graphiql' }, 'Open GraphiQL'));
}
