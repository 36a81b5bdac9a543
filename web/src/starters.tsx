// Worked queries for the role that is signed in: each button opens its own tab, or returns to it.
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';

import type { Starter } from './config';
import { useSession } from './hooks';
import type { Known } from './known';

export function Starters({ starters, known }: { starters: Starter[]; known: Known }) {
  const [, { person }] = useSession();
  const open = useOpenStarter(known);
  const mine = starters.filter((starter) => starter.role === person?.role && !person.mustEnrol);
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

function useOpenStarter(known: Known) {
  const { tabs, queryEditor, variableEditor } = useGraphiQL(pick('tabs', 'queryEditor', 'variableEditor'));
  const { addTab, changeTab } = useGraphiQLActions();
  const filled = useRef(new Map<string, string>());

  const fillIn = ({ query, variables }: Starter) => {
    const text = known.fill(variables);
    filled.current.set(query, text);
    variableEditor?.setValue(text);
  };

  const starter = (chosen: Starter) => {
    const { query } = chosen;
    const already = tabs.findIndex((tab) => tab.query === query);
    if (queryEditor?.getValue() !== query) {
      if (already >= 0) changeTab(already);
      else addTab();
      queryEditor?.setValue(query);
    }
    // What somebody typed stays; what the page had filled in is filled in anew, with the ids seen since.
    const typed = already >= 0 && variableEditor?.getValue() !== filled.current.get(query);
    if (!typed) fillIn(chosen);
  };
  return { ready: !!queryEditor && !!variableEditor, starter };
}
