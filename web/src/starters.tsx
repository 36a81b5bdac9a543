// Worked queries for the role that is signed in: each button opens its own tab, or returns to it.
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';

import type { Starter } from './config';
import { useSession } from './hooks';

export function Starters({ starters }: { starters: Starter[] }) {
  const [, { person }] = useSession();
  const open = useOpenStarter();
  const mine = starters.filter((starter) => starter.role === person?.role);
  const first = mine[0];
  const opened = useRef(new Set<string>());

  useEffect(() => {
    if (!person || !first || !open.ready || opened.current.has(person.role)) return;
    opened.current.add(person.role); // once for each role: whoever comes back finds the tabs as they were left
    open.starter(first);
  }, [person, first, open]);

  if (!mine.length) return null;
  return (
    <nav className="starters" aria-label="Worked queries">
      <span className="hint">Worked queries</span>
      {mine.map((starter) => (
        <button key={starter.title} type="button" disabled={!open.ready} onClick={() => open.starter(starter)}>
          {starter.title}
        </button>
      ))}
    </nav>
  );
}

function useOpenStarter() {
  const { tabs, queryEditor, variableEditor } = useGraphiQL(pick('tabs', 'queryEditor', 'variableEditor'));
  const { addTab, changeTab } = useGraphiQLActions();

  const starter = ({ query, variables }: Starter) => {
    if (queryEditor?.getValue() === query) return; // it is the tab in front
    const already = tabs.findIndex((tab) => tab.query === query);
    if (already >= 0) return changeTab(already);
    addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
  };
  return { ready: !!queryEditor && !!variableEditor, starter };
}
