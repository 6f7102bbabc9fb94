import { setTimeout as sleep } from 'node:timers/promises';

import { LockLostError } from '@lockscope/storage-lock';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { describeWith } from '../../support/describe-with.ts';
import { RedisBench, resetCommands, sentCommands } from './bench.ts';

describeWith('redis-server', 'a short lease', () => {
  let bench: RedisBench;
  beforeEach(async () => {
    bench = await RedisBench.start();
  });
  afterEach(() => bench.end());

  it.each([60, 150, 600, 1_250])(
    'of %d ms is renewed three times in its length, not without a pause',
    async (leaseMs) => {
      const client = bench.plain();
      const locks = bench.locks({ leaseMs, marginMs: Math.floor(leaseMs / 3) });
      await locks.run('warm', () => undefined, { leaseMs: 30_000, marginMs: 1_000 });
      const heldMs = 1_000;
      await resetCommands(client);
      await locks
        .run('orders/1', () => sleep(heldMs))
        .catch((error: unknown) => {
          // A machine that is busy for longer than such a lease loses it, and that is no reason to ask more often either.
          if (!(error instanceof LockLostError)) throw error;
        });
      // An acquire, a release, and the renewals.
      const renewals = Math.ceil(heldMs / (leaseMs / 3));
      expect(await sentCommands(client)).toBeLessThanOrEqual(2 + renewals + 1);
    },
  );
});

describeWith('redis-server', '300 contenders that each need 10 ms', () => {
  let bench: RedisBench;
  beforeEach(async () => {
    bench = await RedisBench.start();
  });
  afterEach(() => bench.end());

  it.each([
    ['6 processes', 6],
    ['one process', 1],
  ])(
    'of %s are all served, whatever the others do',
    async (_, processes) => {
      const client = bench.plain();
      // Longer than a busy machine needs for it. Attempts that are counted, or fall asleep for too long, fail anyhow.
      const idealMs = 300 * 10;
      const all = Array.from({ length: processes }, () => bench.locks({ waitMs: 20_000 }));
      await Promise.all(all.map((locks) => locks.run(`warm/${Math.random()}`, () => undefined)));
      await resetCommands(client);
      const began = performance.now();
      const outcomes = await Promise.allSettled(
        all.flatMap((locks) =>
          Array.from({ length: 300 / processes }, () =>
            locks.run('orders/1', async (lock) => {
              await sleep(10);
              lock.assertHeld();
            }),
          ),
        ),
      );
      const tookMs = performance.now() - began;
      const failed = outcomes.filter(({ status }) => status === 'rejected');
      const perLock = (await sentCommands(client)) / (300 - failed.length);
      console.log(
        `300 contenders x 10 ms, ${processes} process(es): ${failed.length} failed, ${Math.round(tookMs)} ms ` +
          `(${Math.round((idealMs / tookMs) * 100)} % of what is possible), ${perLock.toFixed(2)} commands a lock`,
      );
      expect(failed).toEqual([]);
    },
    30_000,
  );
});
