// One of several processes on one file. The parent says what to do, step by step.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { SqliteStorage } from '../dist/index.js';

const [path, driver] = process.argv.slice(2);
const storage = new SqliteStorage({ path, ...(driver === undefined ? {} : { driver }), busyTimeoutMs: 20_000 });
const holder = { ownerId: `child:${process.pid}`, pid: process.pid };

function plain() {
  const Database = driver === 'libsql' ? undefined : process.getBuiltinModule?.('node:sqlite')?.DatabaseSync;
  return new (Database ?? createRequire(import.meta.url)('libsql'))(path);
}

/** Counts in a file, in a way that only holds when nobody else is in between. */
async function contender(name, rounds, counter) {
  for (let round = 0; round < rounds; round += 1) {
    const leaseId = `${process.pid}:${name}:${round}`;
    for (;;) {
      const answer = await storage.acquire({ key: 'counter', leaseId, leaseMs: 30_000, holder, waitMs: 30_000 });
      if (answer.acquired) {
        const count = Number(readFileSync(counter, 'utf8'));
        await turn();
        writeFileSync(counter, String(count + 1));
        appendFileSync(`${counter}.tokens`, `${answer.record.fencingToken}\n`);
        break;
      }
      await sleep(1 + Math.min(answer.ahead, 40));
    }
    const { released } = await storage.release('counter', leaseId);
    if (!released) throw new Error(`${leaseId} was not released`);
  }
}

const steps = {
  open: async () => (await storage.read('nobody')).record,
  contend: async ({ contenders, rounds, counter }) => {
    await Promise.all(Array.from({ length: contenders }, (_, n) => contender(n, rounds, counter)));
  },
  acquire: async (request) => storage.acquire({ holder, ...request }),
  release: async ({ key, leaseId }) => storage.release(key, leaseId),
  wait: async (request) => storage.acquire({ holder, waitMs: 60_000, ...request }),
  /** Is in the middle of a write, and stays there. */
  write: async ({ key }) => {
    const database = plain();
    database.exec('BEGIN IMMEDIATE');
    database.exec(
      `UPDATE lockscope_locks SET lease_id = 'torn', holder = '{"ownerId":"torn"}', token = token + 7 WHERE key = '${key}'`,
    );
    globalThis.database = database;
  },
};

process.on('message', ({ step, input }) => {
  steps[step](input ?? {}).then(
    (result) => process.send({ result }),
    (error) => process.send({ error: String(error?.stack ?? error) }),
  );
});
process.send({ result: 'ready' });
