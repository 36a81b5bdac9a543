// `/login`, a stable address: signs in and goes on to the front page; campus sign-in comes back here.
import { link, paragraph } from './dom';
import { go, show } from './frame';
import type { Place } from './place';
import { backFromCampus, signedIn } from './sign-in';

const CAMPUS_ERRORS: Record<string, string> = {
  campus_failed: 'Your campus did not complete the sign-in. Try again in a moment.',
  not_a_student_here: 'Your school has not entered you as a student yet. Ask its counseling center.',
};

export default async function login({ answer }: Place): Promise<void> {
  const [code, error] = [answer.get('code'), answer.get('error')];
  if (error) {
    return show('You are not signed in', paragraph(CAMPUS_ERRORS[error] ?? 'The sign-in has ended. Begin again.'),
      link('Sign in', '/login', 'button'));
  }
  const next = code ? await backFromCampus(code) : '/';
  await signedIn();
  go(next === '/login' ? '/' : next);
}
