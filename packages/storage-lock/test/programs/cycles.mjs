// A million acquires and releases; says how much the heap grew over the second half of them.
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';

const [, , listening] = process.argv;
const listeners = listening === 'with a listener' ? [{ name: 'counts', on() {}, onStart() {}, onAction() {} }] : [];
const locks = createLocks({ storage: new MemoryStorage(), listeners });

async function cycle(count) {
  // Ten keys that come again and, each time, one that never does.
  for (let n = 0; n < count; n += 1) {
    const lock = await locks.acquire(n % 2 === 0 ? `orders/${n % 10}` : `once/${(unique += 1)}`);
    await lock.release();
  }
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

let unique = 0;
const half = Number(process.argv[3]) / 2;
const before = await cycle(half);
const after = await cycle(half);
process.stdout.write(`${after - before}\n`);
