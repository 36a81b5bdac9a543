// Something that does not exist for the person who looks: it may exist for another of their roles, or another account.
import { ServerFailure } from '../server';
import { link, paragraph } from './dom';
import { session, show } from './frame';

const NOT_FOR_YOU = new Set(['', 'NOT_FOUND', 'FORBIDDEN', 'BAD_INPUT', 'BAD_REQUEST']);

/** Says so. A failure of another kind is passed on. */
export function notHere(error?: unknown): null {
  if (error && !(error instanceof ServerFailure && NOT_FOR_YOU.has(error.code))) throw error;
  const several = session.state().person!.memberships.length > 1;
  show('There is nothing here for you',
    paragraph(several ? 'It may belong to another of your roles: change it at the top of this page.'
      : 'It may belong to another account: sign out, and sign in with that one.'),
    link('Go to the front page', '/', 'button'));
  return null;
}
