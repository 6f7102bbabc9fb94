import { describe, expect, it } from 'vitest';

import { library } from './library.ts';

describe('300,000 round trips', () => {
  it('row 92: pass with a limit of 2 s each, and no error', async () => {
    const driver = library({ capacity: 200 });
    const serving = driver.consumer().serve({ count: (n) => n + 1 });
    const requesters = Array.from({ length: 100 }, async (_, which) => {
      const producer = driver.producer();
      for (let n = 0; n < 3000; n += 1) {
        const answer = await producer.request('count', which * 3000 + n, { timeoutMs: 2000 });
        if (answer !== which * 3000 + n + 1) throw new Error(`${answer} is not the answer to ${n} of ${which}`);
      }
    });
    await Promise.all(requesters);
    expect(driver.stats).toMatchObject({
      requested: 300_000,
      replied: 300_000,
      timedOut: 0,
      refusedReplies: 0,
      pending: 0,
    });
    await driver.close();
    await serving;
  }, 120_000);
});
