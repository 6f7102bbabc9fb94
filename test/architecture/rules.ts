/** Who may import whom: the table of the design, as data. The first rule whose pattern fits a folder holds. */
export type Rule = {
  /** Folder from the root; `*` stands for one name. */
  readonly dir: string;
  /** Packages of this repository that its `src` may import and its package.json may depend on. */
  readonly may: readonly string[] | 'anything';
  /** Packages from npm that it may bring along; every other client is a peer or optional. */
  readonly npm?: readonly string[];
  /** May load any package by `import()` when asked to, as long as it declares it. */
  readonly onDemand?: boolean;
  /** Runs in a browser: no `node:` import. */
  readonly browser?: boolean;
  /** Must run the contract of testkit, in test/contract.test.ts. */
  readonly contract?: boolean;
};

const core = '@lockscope/core';
const delivery = '@lockscope/delivery';
const insight = '@lockscope/insight';
const storage = '@lockscope/storage';
const storageLock = '@lockscope/storage-lock';

export const rules: readonly Rule[] = [
  { dir: 'packages/core', may: [], npm: ['uuid'], browser: true },
  { dir: 'packages/storage', may: [] },
  { dir: 'packages/delivery', may: [core], npm: ['tinyqueue', 'uuid', 'yocto-queue'] },
  { dir: 'packages/storage-lock', may: [core, storage] },
  { dir: 'packages/storages/*', may: [storage], contract: true },
  {
    dir: 'packages/listeners/otel-instrumentation',
    may: [core, '@lockscope/listener-otel'],
    npm: ['@opentelemetry/instrumentation'],
  },
  { dir: 'packages/listeners/*', may: [core], contract: true },
  { dir: 'packages/instruments/*', may: [core], contract: true },
  { dir: 'packages/brokers/*', may: [core, delivery], contract: true },
  { dir: 'packages/dispatchers/*', may: [core, delivery], contract: true },
  { dir: 'packages/insight', may: [core] },
  { dir: 'packages/console', may: [core, delivery, insight, storage], onDemand: true },
  { dir: 'packages/cli', may: [core, delivery, insight, storage], npm: ['commander'], onDemand: true },
  { dir: 'packages/dashboards', may: [core] },
  { dir: 'packages/testkit', may: [core, delivery, storage, storageLock] },
  { dir: 'examples/*', may: 'anything' },
];
