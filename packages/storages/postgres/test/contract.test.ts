import { describe, expect, test } from 'vitest';
import { storageContract } from '@lockscope/testkit';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { PostgresStorage, type Durability } from '../src/index.ts';
import { newSchema, run, theProxy, theServer } from './schemas.ts';

const capabilities = {
  reach: 'network',
  durable: true,
  notifies: true,
  queues: true,
  shares: true,
  turns: true,
} as const;

interface Setup {
  readonly schema: string;
  readonly storage: PostgresStorage;
}

async function open(schema: string, durability: Durability): Promise<PostgresStorage> {
  const { port } = await theProxy();
  const connectionString = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return new PostgresStorage({ connection: { connectionString, max: 4 }, schema, durability });
}

/** Schemas that were used and are empty again: making one takes longer than most cases. */
const spare: string[] = [];

/** A crash may take a release away that did not wait for the disk, so the crash is asked only of `all`. */
function contractOf(durability: Durability) {
  return storageContract<Setup>({
    capabilities,
    create: async () => {
      const schema = spare.pop() ?? newSchema();
      const storage = await open(schema, durability);
      // Makes the schema, so that there is always something to empty.
      await storage.read('nobody');
      return { schema, storage };
    },
    second: ({ schema }) => open(schema, durability),
    reopen: ({ schema }) => open(schema, durability),
    rounds: 200,
    // Every case may open a second storage, which takes its time on a busy machine.
    shortLeaseMs: 500,
    renewsMany: true,
    faults: {
      damage: async ({ schema }, key) => {
        await run(`UPDATE ${schema}.locks SET lease_id = '', holder = 'of somebody else' WHERE key = $1`, [key]);
      },
      dropConnection: async () => {
        await run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`);
      },
      freeze: async () => (await theServer()).freeze(),
      thaw: async () => (await theServer()).thaw(),
      slow: async (_, ms) => (await theProxy()).set({ replyDelayMs: ms }),
      ...(durability === 'all' && { restart: async () => (await theServer()).restart() }),
    },
    dispose: async ({ schema }) => {
      (await theProxy()).set({});
      const tables = ['locks', 'sharers', 'waiters', 'forced'].map((table) => `${schema}.${table}`);
      await run(`TRUNCATE ${tables.join(', ')}`);
      await run(`UPDATE ${schema}.meta SET floor = 0`);
      spare.push(schema);
    },
  });
}

describeWith(['postgres', 'initdb'], 'the storage contract', () => {
  const contract = contractOf('grants');
  for (const { name, run: prove } of contract) test(name, prove);

  test('is asked for everything but a crash that takes releases, and a wall clock that a test may set', () => {
    expect(contract.missing).toEqual(['faults.stepWallClock', 'faults.restart']);
  });

  describe('with durability all', () => {
    const whole = contractOf('all');
    for (const { name, run: prove } of whole) if (/^(restart|durable|hand-over|tokens)/.test(name)) test(name, prove);

    test('is asked for everything but a wall clock that a test may set', () => {
      expect(whole.missing).toEqual(['faults.stepWallClock']);
    });
  });
});
