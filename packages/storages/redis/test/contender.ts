// A process of processes.test.ts: takes the lock so often, and each time adds one to a counter that is not atomic.
import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { Granted, LeaseNews } from '@lockscope/storage';
import { RedisStorage } from '../src/index.ts';

const [kind, port = '', counter = '', rounds] = process.argv.slice(2);
const client =
  kind === 'ioredis' ? new Redis(Number(port)) : await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
const storage = new RedisStorage({ client });

async function acquire(): Promise<Granted> {
  const leaseId = randomUUID();
  let stop = (): void => undefined;
  const handed = new Promise<Granted>((resolve) => {
    stop = storage.watch('counter', leaseId, (news: LeaseNews) => {
      if (news.type === 'granted') resolve(news.result);
    });
  });
  const holder = { ownerId: `process ${process.pid}` };
  const answer = await storage.acquire({ key: 'counter', leaseId, leaseMs: 60_000, holder, waitMs: 60_000 });
  const granted = answer.acquired ? answer : await handed;
  stop();
  return granted;
}

async function contend(): Promise<void> {
  for (let round = 0; round < Number(rounds); round += 1) {
    const { record } = await acquire();
    const count = Number(readFileSync(counter, 'utf8'));
    appendFileSync(`${counter}.tokens`, `${record.fencingToken}\n`);
    await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(counter, String(count + 1));
    await storage.release('counter', record.leaseId);
  }
}

process.send?.('ready');
await new Promise((resolve) => process.once('message', resolve));
await Promise.all([contend(), contend()]);
process.send?.('done');
process.exit(0);
