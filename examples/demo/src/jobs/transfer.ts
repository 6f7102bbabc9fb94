import { busyFor, oneOf, repeat, type Job } from '../job.ts';

const name = 'accounts/{id}';
const expectedHoldMs = 1500;
const accounts = ['ada', 'ben', 'eve'] as const;

/** Two locks at a time, always in the same order: in any other, two transfers could wait for each other for ever. */
export const transfer: Job = {
  about: 'two locks at a time, one inside the other',
  names: [{ name, expectedHoldMs }],
  async run(locks, stopping) {
    const account = locks.define(name, { expectedHoldMs, leaseMs: 5000, waitMs: 5000, operation: 'transfer' });
    await repeat(stopping, 1, async () => {
      await busyFor(150, 700, stopping);
      const from = oneOf(accounts);
      const to = oneOf(accounts);
      const [first, second] = from < to ? [from, to] : [to, from];
      if (first === second) return;
      const inside = { signal: stopping };
      await account.run(
        { id: first },
        async () => {
          await busyFor(50, 200, stopping);
          await account.run({ id: second }, () => busyFor(150, 600, stopping), inside);
        },
        inside,
      );
    });
  },
};
