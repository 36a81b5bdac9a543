// Worked queries for the role that is signed in: each button opens its own tab, or returns to it. The next step of the main
// job is marked, and offered to the role before it too.
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';

import { roleName, type Starter, type StarterGroup } from './config';
import type { Page } from './page';
import type { Placeholders } from './placeholders';
import { useStore } from './store';

const GROUPS: [StarterGroup, string][] = [
  ['SCREEN', 'Screens'], ['WATCH', 'Subscriptions'], ['ACTION', 'Actions'], ['STEP', 'Main job'],
];

interface StartersProps {
  page: Page;
  role: string;
  wanted: Starter | null; // what to open first, where that is not simply the role's first one
  onOther(step: Starter): void;
}

export function Starters({ page, role, wanted, onOther }: StartersProps) {
  const open = useOpenStarter(page.placeholders);
  const next = useStore(page.mainJob.next);
  const mine = page.config.starters.filter((starter) => starter.role === role);
  const first = wanted?.role === role ? wanted : mine[0];
  const opened = useRef<Starter>(undefined);

  useEffect(() => {
    if (!first || !open.ready || opened.current === first) return;
    opened.current = first;
    open.starter(first);
  }, [first, open]);

  const groups = GROUPS.map(([group, label]) => ({ group, label, of: mine.filter((it) => it.group === group) }));
  const elsewhere = next && next.role !== role ? next : null;
  const shown = groups.filter(({ group, of }) => of.length || (group === 'STEP' && elsewhere));
  if (!shown.length) return null;
  return (
    <nav className="starters" aria-label="Worked queries">
      {shown.map(({ group, label, of }) => (
        <div key={group} role="group" aria-label={label}>
          <span className="hint">{label}</span>
          {of.map((starter) => (
            <button key={starter.title} type="button" disabled={!open.ready} onClick={() => open.starter(starter)}
              aria-current={starter === next ? 'step' : undefined}>
              {starter.title}
            </button>
          ))}
          {group === 'STEP' && elsewhere && (
            <button type="button" aria-current="step" onClick={() => onOther(elsewhere)}>
              Next, as {roleName(elsewhere.role)}: {elsewhere.title}
            </button>
          )}
        </div>
      ))}
    </nav>
  );
}

function useOpenStarter(placeholders: Placeholders) {
  const { tabs, queryEditor, variableEditor } = useGraphiQL(pick('tabs', 'queryEditor', 'variableEditor'));
  const { addTab, changeTab } = useGraphiQLActions();
  const filled = useRef(new Map<string, string>());

  const fillIn = ({ query, variables }: Starter) => {
    const text = placeholders.shown(variables);
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
