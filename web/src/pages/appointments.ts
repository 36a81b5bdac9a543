// `/appointments`: one's own sessions, latest first.
import { APPOINTMENTS } from '../operations';
import { asPerson } from './api';
import { actions, button, element, link, paragraph } from './dom';
import { show } from './frame';
import { notHere } from './not-here';
import { signedIn } from './sign-in';
import type { Appointment } from './steps';
import { moment, plain } from './words';

interface Answer {
  appointments: { nodes: Appointment[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
}

export default async function appointmentsPage(): Promise<void> {
  const { role } = await signedIn();
  const answer = await load(null).catch(notHere);
  if (!answer) return;
  const list = element('ul', { class: 'list' });
  const more = element('div');
  show('Your sessions', answer.nodes.length ? list : paragraph('You have no sessions yet.'), more);
  add(answer, role, list, more);
}

async function load(after: string | null): Promise<Answer['appointments']> {
  return (await asPerson<Answer>(APPOINTMENTS, { after })).appointments;
}

function add({ nodes, pageInfo }: Answer['appointments'], role: string, list: HTMLElement, more: HTMLElement): void {
  list.append(...nodes.map((one) => line(one, role)));
  more.replaceChildren(...(pageInfo.hasNextPage ? [actions(button('Show more', () => {
    void load(pageInfo.endCursor).then((next) => add(next, role, list, more));
  }, 'second'))] : []));
}

function line({ id, startsAt, status, student, provider }: Appointment, role: string): HTMLElement {
  const other = (role === 'STUDENT' ? provider : student)?.name;
  return element('li', {}, link(moment(startsAt), `/appointments/${id}`),
    element('span', { class: 'hint' }, [plain(status), other].filter(Boolean).join(' · ')));
}
