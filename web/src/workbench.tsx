// The whole page: the bar, the worked queries of the role, GraphiQL below.
import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from '@graphiql/plugin-doc-explorer';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN, HistoryStore } from '@graphiql/plugin-history';
import { GraphiQLProvider } from '@graphiql/react';
import { GraphiQL, GraphiQLInterface } from 'graphiql';

import { Bar } from './bar';
import type { Config } from './config';
import { createFetcher } from './fetcher';
import { SessionContext } from './hooks';
import { Known } from './known';
import { SchemaFor } from './schema';
import { SecondFactor } from './second-factor';
import { Session } from './session';
import { Starters } from './starters';
import { createStorage } from './storage';
import { StreamLine } from './stream-line';
import { Streams } from './streams';

const session = new Session();
const known = new Known();
const streams = new Streams();
const fetcher = createFetcher(session, known, streams);
const storage = createStorage(localStorage);
const plugins = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];

const WELCOME = `# Flexible Credits: one credit, one session.
#
# Sign in above: worked queries for your
# role appear as buttons, each with its tab.
# Run: Ctrl-Enter, or the play button.
# Left side: the schema's documentation,
# your history, and a query builder.

query WhoAmI {
  viewer {
    role
    account {
      name
    }
  }
}
`;

export function Workbench({ config }: { config: Config }) {
  return (
    <SessionContext value={session}>
      <GraphiQLProvider
        fetcher={fetcher}
        storage={storage}
        plugins={plugins}
        referencePlugin={DOC_EXPLORER_PLUGIN}
        defaultQuery={WELCOME}
        shouldPersistHeaders={false}
        inputValueDeprecation
        schemaDescription
      >
        <HistoryStore>
          <DocExplorerStore>
            <SchemaFor />
            <Bar config={config} />
            <SecondFactor />
            <Starters starters={config.starters} known={known} />
            <StreamLine streams={streams} />
            <main className="workbench">
              <GraphiQLInterface defaultEditorToolsVisibility="variables" showPersistHeadersSettings={false}>
                <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
              </GraphiQLInterface>
            </main>
          </DocExplorerStore>
        </HistoryStore>
      </GraphiQLProvider>
    </SessionContext>
  );
}
