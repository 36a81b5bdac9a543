// GraphiQL for Flexible Credits: a sign-in bar, worked queries for each role, and the editor.
import './workers';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-explorer/style.css';
import 'graphiql/graphiql.css';
import './look.css';
import './bar.css';
import './starters.css';

import { createRoot } from 'react-dom/client';

import { App } from './app';
import { loadConfig } from './config';
import { defineThemes } from './editor-theme';
import { Page } from './page';

const root = createRoot(document.getElementById('root')!);

Promise.all([loadConfig(), defineThemes()]).then(
  ([config]) => root.render(<App page={new Page(config)} />),
  (error: Error) => root.render(<p className="waiting" role="alert">{error.message}</p>),
);
