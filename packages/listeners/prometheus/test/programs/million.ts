// A million distinct keys, names, operations, errors and pairs, all of which somebody could take for labels. Says how
// the text and the heap grew, as JSON. Needs --expose-gc.
import { ListenerSet } from '@lockscope/core';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';

import { prometheus } from '../../src/index.ts';

// What takes long here is no part of what is tested.
Error.stackTraceLimit = 0;
const listener = prometheus({ registry: false });
const set = new ListenerSet({ listeners: [listener] });

/** A tree, as locks tell it, in which everything that users choose is new. */
function tree(n: number): void {
  const lockName = n % 2 === 0 ? 'orders/{id}' : `tenant-${n}`;
  const operation = `job-${n}`;
  const lock = set.begin('lock', { lockName, lockKey: `${lockName}/${n}`, storageName: 'memory', operation });
  const acquire = lock?.child('lock.acquire');
  const blocker = { ownerId: `owner-${n}`, operation: `blocker-${n}` };
  acquire?.action('acquire.contended', { blocker });
  const error = Object.assign(new Error('no'), { code: `E${n}` });
  acquire?.child('storage.acquire')?.end('error', { error });
  acquire?.end('acquired', {
    details: {
      attempts: 2,
      waitMs: 3,
      contended: true,
      segments: [{ kind: 'held_by', ms: 3, blocker }],
      holding: [`name-${n}`],
    },
  });
  const details = { contended: true, waitMs: 3, holdMs: 1, leaseMs: 30_000, renewals: 0, depth: 1 };
  lock?.end('released', { details });
}

async function realLocks(cycles: number): Promise<void> {
  const locks = createLocks({ storage: new MemoryStorage(), listeners: [listener] });
  for (let n = 0; n < cycles; n += 1) await locks.run(`orders/${n}`, () => undefined);
  await locks.close();
}

function size(): { heap: number; lines: number } {
  const lines = listener.render().split('\n').length;
  for (let n = 0; n < 3; n += 1) globalThis.gc?.();
  return { heap: process.memoryUsage().heapUsed, lines };
}

const times = Number(process.argv[2]);
await realLocks(10_000);
for (let n = 0; n < 50_000; n += 1) tree(n);
const before = size();
await realLocks(20_000);
for (let n = 0; n < times; n += 1) tree(50_000 + n);
const after = size();
const count = /^lock_hold_duration_seconds_count\{.*\} (\d+)$/gm;
const held = [...listener.render().matchAll(count)].reduce((sum, [, value]) => sum + Number(value), 0);
console.log(JSON.stringify({ before, after, held }));
