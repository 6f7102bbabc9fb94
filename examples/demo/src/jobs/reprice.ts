import { busyFor, repeat, type Job } from '../job.ts';

const name = 'catalogue';
const expectedHoldMs = 2500;

/** One long lock on everything, as nightly jobs have them. Its lease is shorter than its work, so it is renewed. */
export const reprice: Job = {
  about: 'one long lock on the whole catalogue',
  names: [{ name, expectedHoldMs, holderLimit: 1 }],
  async run(locks, stopping) {
    const catalogue = locks.define(name, {
      expectedHoldMs,
      leaseMs: 3000,
      waitMs: 'forever',
      operation: 'cron:reprice',
    });
    await repeat(stopping, 1, async () => {
      await catalogue.run({}, () => busyFor(1200, 3600, stopping), { signal: stopping });
      await busyFor(500, 1200, stopping);
    });
  },
};
