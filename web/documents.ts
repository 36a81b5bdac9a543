// For Vite: `import SIGN_IN from './operations/sign-in.graphql'` gives the id by which a server knows that document.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const FRAGMENTS = join(import.meta.dirname, 'operations', 'fragments');

/** The very text that the server's manifest has (transport/trusted.py): the operation, then the fragments it spreads. */
function whole(operation: string, fragments: Map<string, string>): string {
  const added = new Set<string>();
  for (let text = operation; ;) {
    const missing = [...fragments.keys()].filter((name) => !added.has(name) && spreads(text, name)).sort();
    if (!missing.length) return text;
    text = [text, ...missing.map((name) => fragments.get(name)!)].join('\n\n');
    for (const name of missing) added.add(name);
  }
}

function spreads(text: string, name: string): boolean {
  return new RegExp(`\\.\\.\\.${name}\\b`).test(text);
}

function readFragments(): Map<string, string> {
  const texts = readdirSync(FRAGMENTS).map((name) => readFileSync(join(FRAGMENTS, name), 'utf8').trim());
  return new Map(texts.map((text) => [/^fragment (\w+)/.exec(text)![1]!, text]));
}

export function documents(): Plugin {
  const fragments = readFragments();
  return {
    name: 'trusted-documents',
    enforce: 'pre',
    load(path) {
      if (!path.endsWith('.graphql')) return null;
      const text = whole(readFileSync(path, 'utf8').trim(), fragments);
      return `export default '${createHash('sha256').update(text).digest('hex')}';`;
    },
  };
}
