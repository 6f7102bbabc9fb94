import { busyFor, repeat, type Job } from '../job.ts';

const name = 'inventory';
const expectedHoldMs = 900;
const leaseMs = 1200;
const stallMs = 2200;
/** Every so many times it goes wrong, the second time for the first time. */
const stallEvery = 9;

/**
 * Now and then its event loop is blocked for longer than its lease lasts: nothing can renew the lock, somebody else
 * gets it, and only afterwards this process learns that it had lost it.
 */
export const stalling: Job = {
  about: `blocks its event loop past its lease now and then`,
  names: [{ name, expectedHoldMs, holderLimit: 1 }],
  async run(locks, stopping) {
    const inventory = locks.define(name, {
      expectedHoldMs,
      leaseMs,
      renewEveryMs: 400,
      marginMs: 300,
      waitMs: 'forever',
      operation: 'recount',
    });
    let times = 0;
    await repeat(stopping, 1, async () => {
      times += 1;
      const stalls = times % stallEvery === 2;
      await inventory.run(
        {},
        async () => {
          await busyFor(250, 700, stopping);
          if (stalls && !stopping.aborted) blockEventLoop(stallMs);
        },
        { signal: stopping },
      );
      await busyFor(300, 900, stopping);
    });
  },
};

/** What a large JSON.parse, a regular expression gone wild or a synchronous read does, without the heat. */
function blockEventLoop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
