// GraphiQL for Flexible Credits: a sign-in bar, worked queries for each role, and the editor.
import './workers';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-explorer/style.css';
import 'graphiql/graphiql.css';
import './look.css';
import './bar.css';

import { createRoot } from 'react-dom/client';

import { loadConfig } from './config';
import { Workbench } from './workbench';

const root = createRoot(document.getElementById('root')!);

loadConfig().then(
  (config) => root.render(<Workbench config={config} />),
  (error: Error) => root.render(<p className="waiting" role="alert">{error.message}</p>),
);
