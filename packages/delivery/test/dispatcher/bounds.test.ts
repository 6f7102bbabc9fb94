import { expect, test } from 'vitest';

import { localDispatcher, type ExclusiveLocks } from '../../src/index.ts';
import { gate, until } from './settling.ts';

test('row 75: the limit is never exceeded under 10,000 dispatches at once, and refuses exactly the rest', async () => {
  const dispatcher = localDispatcher({ maxQueued: 2_000, parallel: 50 });
  const held = gate();
  let unfinished = 0;
  let most = 0;
  dispatcher.register('orders', async () => {
    await held.opened;
    unfinished -= 1;
  });
  const ends = await Promise.all(
    Array.from({ length: 10_000 }, (_, n) =>
      dispatcher.dispatch('orders', n).then(
        () => {
          unfinished += 1;
          most = Math.max(most, unfinished);
          return true;
        },
        (error: { readonly code: string }) => error.code,
      ),
    ),
  );
  expect(ends.filter((end) => end === true)).toHaveLength(2_000);
  expect(ends.filter((end) => end === 'QUEUE_LIMIT')).toHaveLength(8_000);
  expect([most, dispatcher.counters().refused]).toEqual([2_000, 8_000]);
  held.open();
  await until(() => unfinished === 0);
  await dispatcher.dispatch('orders', 'more');
  await dispatcher.close();
  expect(dispatcher.counters()).toMatchObject({ accepted: 2_001, handled: 2_001 });
});

test('row 75: what several handlers have to do with one event counts once; delays and further attempts count', async () => {
  const dispatcher = localDispatcher({ maxQueued: 2 });
  for (const name of ['a', 'b', 'c']) dispatcher.register('orders', () => undefined, { name });
  await dispatcher.dispatch('orders', 1, { delayMs: 20 });
  await dispatcher.dispatch('orders', 2, { delayMs: 20 });
  await expect(dispatcher.dispatch('orders', 3)).rejects.toMatchObject({ code: 'QUEUE_LIMIT' });
  await dispatcher.close({ drain: 'all' });
  expect(dispatcher.counters().handled).toBe(6);
});

/** Locks of one process, that wait for at most 5 ms. */
function smallLocks(): ExclusiveLocks {
  const held = new Map<string, Promise<unknown>>();
  return {
    async run(key, routine) {
      const until5ms = performance.now() + 5;
      while (held.has(key)) {
        if (performance.now() > until5ms) throw Object.assign(new Error('busy'), { code: 'LOCK_TIMEOUT' });
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      const running = routine({ signal: new AbortController().signal });
      held.set(key, running);
      try {
        return await running;
      } finally {
        held.delete(key);
      }
    },
  };
}

test('row 83: an exclusive handler has one event of a key at a time; a busy lock is no failed attempt', async () => {
  const faults: unknown[] = [];
  const dispatcher = localDispatcher<{ orders: { readonly order: string; readonly n: number } }>({
    onError: (error) => faults.push(error),
  });
  const running: Record<string, number> = {};
  let most = 0;
  let together = 0;
  const seen: number[] = [];
  dispatcher.register(
    'orders',
    async ({ order, n }) => {
      running[order] = (running[order] ?? 0) + 1;
      most = Math.max(most, running[order]);
      together = Math.max(
        together,
        Object.values(running).reduce((sum, each) => sum + each, 0),
      );
      await new Promise((resolve) => setTimeout(resolve, 15));
      running[order] -= 1;
      seen.push(n);
    },
    { exclusive: { key: ({ order }) => order, locks: smallLocks() }, retry: { maxAttempts: 1 } },
  );
  for (let n = 0; n < 8; n += 1) await dispatcher.dispatch('orders', { order: n % 2 === 0 ? 'a' : 'b', n });
  await dispatcher.close();
  expect(seen.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect([most, together]).toEqual([1, 2]);
  expect(faults).toEqual([]);
  expect(dispatcher.counters().postponed).toBeGreaterThan(0);
});

test('row 83: a lock that is lost aborts the handler that relied on it', async () => {
  const lost = new AbortController();
  const locks: ExclusiveLocks = { run: (_, routine) => routine({ signal: lost.signal }) };
  const dispatcher = localDispatcher();
  let told: unknown;
  const handler = (_: unknown, { signal }: { readonly signal: AbortSignal }): Promise<void> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        told = signal.reason;
        resolve();
      });
      lost.abort('lost');
    });
  dispatcher.register('orders', handler, { exclusive: { key: () => 'k', locks } });
  await dispatcher.dispatch('orders', 1);
  await dispatcher.close();
  expect(told).toBe('lost');
});
