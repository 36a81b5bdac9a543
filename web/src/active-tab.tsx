// Keeps the editor in order: the active tab in view, a subscription only while its own tab is open, a new answer in view on a
// small screen, and names that a screen reader can follow.
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useLayoutEffect, useRef } from 'react';

import { mendPanels, mendTabs } from './accessible';
import type { Page } from './page';

export function ActiveTab({ page }: { page: Page }): null {
  const { tabs, activeTabIndex, isFetching } = useGraphiQL(pick('tabs', 'activeTabIndex', 'isFetching'));
  const { stop } = useGraphiQLActions();
  const id = tabs[activeTabIndex]?.id;
  const left = useRef(id);
  const asked = useRef(false);

  useLayoutEffect(() => {
    if (left.current === id) return;
    left.current = id;
    stop(); // else its messages would be written into this tab, and Run here would be Stop
    page.streams.forget();
    page.cost.set(null);
  }, [id, page, stop]);

  useLayoutEffect(mendTabs, [tabs, activeTabIndex]);
  useEffect(mendPanels, []);

  useEffect(() => {
    show(document.getElementById(`graphiql-session-tab-${activeTabIndex}`)?.parentElement);
  }, [id, activeTabIndex, tabs.length]);

  useEffect(() => {
    if (asked.current && !isFetching) show(document.querySelector('.graphiql-response'));
    asked.current = isFetching;
  }, [isFetching]);
  return null;
}

function show(element: Element | null | undefined): void {
  element?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}
