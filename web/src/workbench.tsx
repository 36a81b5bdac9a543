// What one person sees under one membership: worked queries, GraphiQL, and the lines about a run. It is made anew for the
// next one, with tabs, answers and a history of its own.
import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from '@graphiql/plugin-doc-explorer';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN, HistoryStore } from '@graphiql/plugin-history';
import { GraphiQLProvider } from '@graphiql/react';
import { GraphiQL, GraphiQLInterface } from 'graphiql';
import type { GraphQLSchema } from 'graphql';
import { useEffect, useState } from 'react';

import { ActiveTab } from './active-tab';
import type { Starter } from './config';
import { CostLine } from './cost-line';
import { EDITOR_THEME } from './editor-theme';
import { createFetcher } from './fetcher';
import type { Page } from './page';
import { Starters } from './starters';
import { createStorage } from './storage';
import { StreamLine } from './stream-line';

const plugins = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];

const FIRST = `# Run: Ctrl-Enter, or the play button.

query WhoAmI {
  viewer {
    role
    account {
      name
    }
  }
}
`;

interface WorkbenchProps {
  page: Page;
  role: string;
  schema: GraphQLSchema | undefined; // told once, and the same for everybody
  wanted: Starter | null;
  onSchema(schema: GraphQLSchema): void;
  onOther(step: Starter): void;
}

export function Workbench({ page, role, schema, wanted, onSchema, onOther }: WorkbenchProps) {
  const [fetcher] = useState(() => createFetcher(page));
  const [storage] = useState(() => createStorage(localStorage));

  useEffect(() => () => {
    page.streams.stop(); // GraphiQL leaves an open subscription open when it goes
    page.cost.set(null);
  }, [page]);

  return (
    <GraphiQLProvider
      fetcher={fetcher}
      storage={storage}
      plugins={plugins}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      defaultQuery={FIRST}
      schema={schema}
      onSchemaChange={onSchema}
      shouldPersistHeaders={false}
      editorTheme={EDITOR_THEME}
      inputValueDeprecation
      schemaDescription
    >
      <HistoryStore>
        <DocExplorerStore>
          <Starters page={page} role={role} wanted={wanted} onOther={onOther} />
          <StreamLine streams={page.streams} />
          <main className="workbench">
            <GraphiQLInterface defaultEditorToolsVisibility="variables" showPersistHeadersSettings={false}>
              <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
              <GraphiQL.Footer><CostLine cost={page.cost} /></GraphiQL.Footer>
            </GraphiQLInterface>
          </main>
          <ActiveTab page={page} />
        </DocExplorerStore>
      </HistoryStore>
    </GraphiQLProvider>
  );
}
