// What the browser may keep. GraphiQL would keep queries, variables and headers, and these can hold names and
// passwords; only how the page looks survives a reload, all else lives in memory until the tab is closed.
import type { Storage as GraphiQLStorage } from '@graphiql/toolkit';

const KEPT = new Set(['theme', 'docExplorerFlex', 'editorFlex', 'secondaryEditorFlex'].map((name) => `graphiql:${name}`));

export function createStorage(kept: Storage): GraphiQLStorage {
  const inMemory = new Map<string, string>();
  return {
    getItem: (key) => (KEPT.has(key) ? kept.getItem(key) : (inMemory.get(key) ?? null)),
    setItem: (key, value) => (KEPT.has(key) ? kept.setItem(key, value) : void inMemory.set(key, value)),
    removeItem: (key) => (KEPT.has(key) ? kept.removeItem(key) : void inMemory.delete(key)),
    clear: () => {
      inMemory.clear();
      for (const key of KEPT) kept.removeItem(key);
    },
    get length() {
      return inMemory.size + [...KEPT].filter((key) => kept.getItem(key) !== null).length;
    },
  };
}
