import { busyFor, repeat, type Job } from '../job.ts';

const name = 'imports/feed';
const expectedHoldMs = 3000;

/** Two of these share one lock; the demo kills the holder every few seconds, and the other one has to take over. */
export const importFeed: Job = {
  about: 'is killed every few seconds while it has the lock',
  names: [{ name, expectedHoldMs, holderLimit: 1 }],
  async run(locks, stopping) {
    const feed = locks.define(name, {
      expectedHoldMs,
      leaseMs: 2000,
      renewEveryMs: 600,
      marginMs: 600,
      waitMs: 'forever',
      operation: 'import',
    });
    await repeat(stopping, 1, async () => {
      await feed.run({}, () => busyFor(1500, 3000, stopping), { signal: stopping });
      await busyFor(200, 500, stopping);
    });
  },
};
