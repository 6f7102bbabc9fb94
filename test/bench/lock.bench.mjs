// What a lock costs and what watching it adds (goals 3, 4, 18, 19), beside the in-process locks that people use.
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import AsyncLock from 'async-lock';
import { Mutex } from 'async-mutex';

import { bareLock } from './bare-lock.mjs';
import { cycle } from './cycle.mjs';
import { nullStorage } from './null-storage.mjs';
import { judge, measure, print } from './rounds.mjs';

const hear = () => {};
const trivial = (name) => ({ name, on: hear, onStart: hear, onAction: hear });

async function run() {
  const bare = await bareLock();
  // First of all, and on its own: a process that has no listener has never run the code that tells them.
  const silent = await measure([
    cycle('bare lock, null storage', bare.createLocks({ storage: nullStorage() })),
    cycle('no listener', createLocks({ storage: nullStorage() })),
  ]);
  print('An acquire and a release that nobody hears of, null storage', silent);
  judge('goal 3, no listener against the bare lock', silent[2].ratio, 1.05);
  judge('goal 3, bytes that no listener adds', silent[2].bytes - silent[1].bytes, 0);

  const heard = await measure([
    cycle('no listener', createLocks({ storage: nullStorage() })),
    cycle(
      '1 trivial listener, told of ends',
      createLocks({ storage: nullStorage(), listeners: [{ name: 'one', on: hear }] }),
    ),
    cycle('1 trivial listener, told of all', createLocks({ storage: nullStorage(), listeners: [trivial('one')] })),
    cycle(
      '3 trivial listeners, told of all',
      createLocks({ storage: nullStorage(), listeners: ['a', 'b', 'c'].map(trivial) }),
    ),
  ]);
  print('An acquire and a release, null storage', heard);
  judge('goal 4, microseconds that one listener adds', ((heard[2].ratio - 1) * heard[1].ns) / 1000, 2);
  judge('goal 4, kilobytes that one listener adds', (heard[2].bytes - heard[1].bytes) / 1000, 3);

  const inMemory = await measure([
    mutex(),
    asyncLock(),
    cycle('lockscope, memory storage', createLocks({ storage: new MemoryStorage() })),
    cycle(
      'lockscope, memory storage, 1 listener',
      createLocks({ storage: new MemoryStorage(), listeners: [trivial('one')] }),
    ),
  ]);
  print('An acquire and a release, in process', inMemory);
  judge('goal 18, time against async-mutex (which has no lease and no token)', inMemory[3].ratio, 1);
  judge('goal 19, microseconds of a cycle with 1 listener (the original: 81.5)', inMemory[4].ns / 1000, 8.15);
}

function mutex() {
  const one = new Mutex();
  return {
    name: 'async-mutex',
    async run(operations) {
      for (let index = 0; index < operations; index += 1) {
        const release = await one.acquire();
        release();
      }
    },
  };
}

function asyncLock() {
  const one = new AsyncLock();
  return {
    name: 'async-lock',
    async run(operations) {
      for (let index = 0; index < operations; index += 1) await one.acquire('orders/1', hear);
    },
  };
}

await run();
