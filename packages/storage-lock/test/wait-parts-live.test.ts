import { MemoryStorage } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { createLocks } from '../src/index.ts';
import { PolledStorage } from './support/storages.ts';
import { WaitPartsCheck } from './support/wait-parts-check.ts';

describe.each([
  ['that wakes waiters', MemoryStorage],
  ['that can only be asked', PolledStorage],
])('on the clock of this process, with a storage %s', (_kind, Storage) => {
  it('the parts of every wait of many contenders add up to it', async () => {
    const storage = new Storage();
    const check = new WaitPartsCheck();
    let contended = 0;
    const counter = {
      name: 'counter',
      types: ['lock.acquire'] as const,
      on: (event: { readonly details?: unknown }) => {
        if ((event.details as { contended?: boolean } | undefined)?.contended === true) contended += 1;
      },
    };
    const processes = Array.from({ length: 4 }, () =>
      createLocks({ storage, listeners: [check, counter], waitMs: 200, poll: { minMs: 1, maxMs: 3 } }),
    );
    const work = Array.from({ length: 32 }, async (_, worker) => {
      const locks = processes[worker % processes.length];
      for (let turn = 0; turn < 10; turn += 1) {
        // Some give up: their waits have parts, too.
        const lock = await locks?.acquire('a').catch(() => undefined);
        if (worker % 3 === 0) await new Promise((resolve) => setTimeout(resolve, worker % 5));
        await lock?.release();
      }
    });
    await Promise.all(work);
    for (const locks of processes) await locks.close();
    expect(contended).toBeGreaterThan(50);
    expect(check.problems).toEqual([]);
  }, 60_000);
});
