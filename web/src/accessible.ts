// Mends what a screen reader is told wrongly by GraphiQL's own elements.

/** Each tab is an element of role `tab` around two buttons; a list of buttons is what it is. */
export function mendTabs(): void {
  for (const tab of document.querySelectorAll('.graphiql-tab')) {
    tab.closest('[role="tablist"]')?.setAttribute('role', 'list');
    tab.setAttribute('role', 'listitem');
    tab.removeAttribute('aria-selected');
    const button = tab.querySelector('.graphiql-tab-button');
    button?.setAttribute('aria-current', String(tab.classList.contains('graphiql-tab-active')));
    tab.querySelector('.graphiql-tab-close')?.setAttribute('aria-label', `Close ${button?.textContent}`);
  }
}

/** Names the controls of the panels at the left, as they appear; the function ends it. */
export function mendPanels(): () => void {
  const panel = document.querySelector('.graphiql-plugin');
  const mend = () => {
    // A past query's button is called "Set active", whatever it is; its own text says which it is.
    for (const label of panel?.querySelectorAll('.graphiql-history-item-label') ?? []) label.removeAttribute('aria-label');
    for (const input of panel?.querySelectorAll('input:not([aria-label])') ?? []) {
      input.setAttribute('aria-label', input.closest<HTMLElement>('[data-arg-name]')?.dataset.argName ?? 'Value');
    }
    for (const select of panel?.querySelectorAll('select:not([aria-label])') ?? []) {
      select.setAttribute('aria-label', 'Kind of operation');
    }
  };
  const observer = new MutationObserver(mend);
  if (panel) observer.observe(panel, { childList: true, subtree: true });
  return () => observer.disconnect();
}
