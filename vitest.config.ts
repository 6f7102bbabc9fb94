import { availableParallelism } from 'node:os';

import { defineConfig } from 'vitest/config';

import { TotalsReporter } from './test/support/totals-reporter.ts';

// Tests run on sources: no build before them. 'module' is left out because the 'module' build of
// @opentelemetry/api does not resolve under Node.
const conditions = ['@lockscope/source', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/**/test/**/*.test.ts', 'examples/**/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/.tmp/**'],
    reporters: ['default', new TotalsReporter()],
    pool: 'forks',
    // Most tests wait: for leases, servers and other processes. One worker more than there are processors is not idle.
    maxWorkers: Math.max(2, Math.min(4, availableParallelism() + 1)),
    testTimeout: 15_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    typecheck: {
      enabled: true,
      include: ['packages/**/test/**/*.test-d.ts', 'test/**/*.test-d.ts'],
      tsconfig: './tsconfig.test.json',
    },
    coverage: { provider: 'v8', include: ['packages/**/src/**/*.ts'] },
  },
});
