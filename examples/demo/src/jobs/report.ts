import { busyFor, repeat, type Job } from '../job.ts';

/** Wants what others have: the catalogue, the inventory. It waits a lot, and gives up when it takes too long. */
export const report: Job = {
  about: 'wants what others have, and waits a lot',
  names: [{ name: 'catalogue' }, { name: 'inventory' }],
  async run(locks, stopping) {
    const options = { leaseMs: 3000, signal: stopping };
    await Promise.all([
      repeat(stopping, 2, async () => {
        await locks.run('catalogue', () => busyFor(100, 300, stopping), {
          ...options,
          waitMs: 3000,
          operation: 'GET /report',
        });
        await busyFor(300, 900, stopping);
      }),
      repeat(stopping, 1, async () => {
        await locks.run('inventory', () => busyFor(100, 300, stopping), {
          ...options,
          waitMs: 6000,
          operation: 'GET /stock',
        });
        await busyFor(200, 700, stopping);
      }),
    ]);
  },
};
