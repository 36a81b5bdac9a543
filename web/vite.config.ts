// Builds the pages into dist/: every script, worker, style and font comes from this host.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

import { compress } from './compress';
import { documents } from './documents';

export default defineConfig({
  base: '/',
  plugins: [documents(), react(), compress()],
  worker: { format: 'es' },
  build: {
    assetsInlineLimit: 0, // a data: address would need a hole in the content security policy
    target: ['chrome123', 'firefox128', 'safari17.5'],
    chunkSizeWarningLimit: 4000, // Monaco is one large piece, loaded once and cached for ever
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: ['graphiql.html', 'mail.html', 'page.html'],
      // GraphiQL's files start with a note to React's compiler, which has already done its work there.
      onLog: (level, log, show) => log.code === 'MODULE_LEVEL_DIRECTIVE' || show(level, log),
    },
  },
});
