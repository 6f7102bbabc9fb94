// A process that holds very many locks at once, for some leases, and tells what that took.
import { setTimeout as sleep } from 'node:timers/promises';

import { type HeldLock, createLocks } from '@lockscope/storage-lock';
import { RedisStorage } from '@lockscope/storage-redis';

const { url, count, leaseMs, holdMs } = JSON.parse(process.argv[2] ?? '{}') as ManyKeysOptions;

/** What it is started with. */
export interface ManyKeysOptions {
  readonly url: string;
  readonly count: number;
  readonly leaseMs: number;
  readonly holdMs: number;
}

/** What it writes to its output. */
export interface ManyKeysReport {
  readonly heapBytesPerLock: number;
  readonly rssMb: number;
  readonly acquireMs: number;
  readonly lost: number;
  readonly longestBlockMs: number;
}

const storage = new RedisStorage({ url });
const locks = createLocks({ storage, leaseMs });
await locks.run('warm', () => undefined);

const heap = (): number => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};
const heapBefore = heap();
const began = performance.now();
const held: HeldLock[] = [];
for (const at = (): number => held.length; at() < count;) {
  const wave = Math.min(500, count - at());
  held.push(...(await Promise.all(Array.from({ length: wave }, (_, n) => locks.acquire(`many/${at() + n}`)))));
}
const acquireMs = performance.now() - began;
const heapHeld = heap();

let longestBlockMs = 0;
let last = performance.now();
const watch = setInterval(() => {
  const now = performance.now();
  longestBlockMs = Math.max(longestBlockMs, now - last - 5);
  last = now;
}, 5);
await sleep(holdMs);
clearInterval(watch);
const lost = held.filter((lock) => lock.remainingMs() === 0).length;
const rssMb = process.memoryUsage().rss / 2 ** 20;
await Promise.all(held.map((lock) => lock.release()));
await locks.close();
await storage.close();
const report: ManyKeysReport = {
  heapBytesPerLock: (heapHeld - heapBefore) / count,
  rssMb,
  acquireMs,
  lost,
  longestBlockMs,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
