import { busyFor, oneOf, repeat, type Job } from '../job.ts';

const name = 'orders/{id}';
const expectedHoldMs = 600;

/** Short locks on single orders: there are few orders, so now and then two checkouts want the same. */
export const checkout: Job = {
  about: 'short locks on single orders',
  names: [{ name, expectedHoldMs }],
  async run(locks, stopping) {
    const orders = locks.define(name, { expectedHoldMs, leaseMs: 5000, waitMs: 4000, operation: 'POST /checkout' });
    await repeat(stopping, 2, async () => {
      await busyFor(200, 900, stopping);
      await orders.run({ id: oneOf([41, 42, 43]) }, () => busyFor(80, 500, stopping), { signal: stopping });
    });
  },
};
