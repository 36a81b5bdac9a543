// The whole page: the bar, and below it the workbench of whoever is signed in.
import type { GraphQLSchema } from 'graphql';
import { useEffect, useState, useSyncExternalStore } from 'react';

import { Bar } from './bar';
import type { Starter } from './config';
import { SessionContext } from './hooks';
import type { Page } from './page';
import { SecondFactor } from './second-factor';
import { Welcome } from './welcome';
import { Workbench } from './workbench';

export function App({ page }: { page: Page }) {
  const { person } = useSyncExternalStore(page.session.subscribe, page.session.state);
  const [schema, setSchema] = useState<GraphQLSchema>();
  const [wanted, setWanted] = useState<Starter | null>(null);
  const isOpen = !!person && !person.mustEnrol;

  useEffect(() => {
    if (!person) page.placeholders.forget();
  }, [page, person]);

  /** Goes on with a step of another role's: signs in under it, and opens the step there. */
  const goTo = async (step: Starter) => {
    const account = page.config.accounts.find(({ role }) => role === step.role);
    if (!account) return;
    setWanted(step);
    const errors = await page.session.enter(account).catch((error: Error) => [error]);
    page.session.warn(errors.map(({ message }) => message).join(' '));
  };

  return (
    <SessionContext value={page.session}>
      <Bar page={page} />
      <SecondFactor />
      {/* Another person or membership gets another workbench: no answer, tab or history outlives a change of role. */}
      {isOpen && (
        <Workbench key={person.acting} page={page} role={person.role} schema={schema} onSchema={setSchema}
          wanted={wanted} onOther={goTo} />
      )}
      {!person && <Welcome isDemo={page.config.accounts.length > 0} />}
    </SessionContext>
  );
}
