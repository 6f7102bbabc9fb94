import { closableContract } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';

import { DispatcherClosedError, localDispatcher, type DroppedEvent } from '../../src/index.ts';
import { gate, until } from './settling.ts';

describe('row 86: the dispatcher keeps the contract of all that is closed', () => {
  const contract = closableContract({
    ordered: true,
    create: () => {
      const delivered: number[] = [];
      let stuck: ReturnType<typeof gate> | undefined;
      let inside: (() => unknown) | undefined;
      const subject = localDispatcher({ parallel: 1 });
      subject.register('numbers', async (n) => {
        const act = inside;
        inside = undefined;
        await act?.();
        await stuck?.opened;
        if (typeof n === 'number') delivered.push(n);
      });
      return {
        subject,
        put: (n) => subject.dispatch('numbers', n),
        delivered: () => delivered,
        stick: () => void (stuck = gate()),
        unstick: () => {
          stuck?.open();
          stuck = undefined;
        },
        isClosedError: (error) => error instanceof DispatcherClosedError,
        inside: (act) => void (inside = act),
      };
    },
  });
  for (const { name, run } of contract) test(`row 86: ${name}`, run);
});

test('row 86: its signal closes it at once: nothing further begins, what waits is told, dispatches are refused', async () => {
  const ending = new AbortController();
  const drops: DroppedEvent[] = [];
  const onDrop = (dropped: DroppedEvent): void => void drops.push(dropped);
  const dispatcher = localDispatcher({ signal: ending.signal, parallel: 1, onDrop });
  let calls = 0;
  let told: unknown;
  dispatcher.register('orders', (_, { signal }) => {
    calls += 1;
    return new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => {
        told = signal.reason;
        resolve();
      }),
    );
  });
  for (let n = 0; n < 5; n += 1) await dispatcher.dispatch('orders', n);
  await dispatcher.dispatch('orders', 'later', { delayMs: 50 });
  await until(() => calls === 1);
  ending.abort();
  await expect(dispatcher.dispatch('orders', 1)).rejects.toBeInstanceOf(DispatcherClosedError);
  expect(await dispatcher.close()).toEqual({ undelivered: 5 });
  expect(told).toBeInstanceOf(DispatcherClosedError);
  expect([calls, drops.length]).toEqual([1, 5]);
});

test('row 86: a dispatch is refused in the middle of a turn, from the very handler that closes', async () => {
  const dispatcher = localDispatcher();
  let refused: unknown;
  dispatcher.register('orders', async () => {
    void dispatcher.close();
    refused = await dispatcher.dispatch('orders', 2).catch((error: unknown) => error);
  });
  await dispatcher.dispatch('orders', 1);
  await until(() => refused !== undefined);
  expect(refused).toBeInstanceOf(DispatcherClosedError);
});

test('row 86: drain says what is still done: what is due, also what is delayed, or nothing', async () => {
  const results: Record<string, unknown> = {};
  for (const drain of ['due', 'all', 'none'] as const) {
    const handled: unknown[] = [];
    const dispatcher = localDispatcher();
    dispatcher.register('orders', (event) => void handled.push(event));
    await dispatcher.dispatch('orders', 'later', { delayMs: 30 });
    // No time for it to begin.
    const taken = dispatcher.dispatch('orders', 'now');
    const closing = dispatcher.close({ drain });
    await taken;
    results[drain] = [await closing, handled];
  }
  expect(results).toEqual({
    due: [{ undelivered: 1 }, ['now']],
    all: [{ undelivered: 0 }, ['now', 'later']],
    none: [{ undelivered: 2 }, []],
  });
});

test('row 86: a later close can be stricter than the first', async () => {
  const dispatcher = localDispatcher({ parallel: 1 });
  let calls = 0;
  dispatcher.register('orders', (_, { signal }) => {
    calls += 1;
    return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  });
  for (let n = 0; n < 3; n += 1) await dispatcher.dispatch('orders', n);
  await until(() => calls === 1);
  const patient = dispatcher.close({ drain: 'all' });
  const strict = dispatcher.close({ drain: 'none' });
  expect(await patient).toEqual({ undelivered: 2 });
  expect(await strict).toEqual({ undelivered: 2 });
  expect(calls).toBe(1);
});

test('row 86: leaving its scope closes it', async () => {
  const dispatcher = localDispatcher();
  let handled = 0;
  dispatcher.register('orders', () => void (handled += 1));
  await dispatcher.dispatch('orders', 1);
  await dispatcher[Symbol.asyncDispose]();
  expect(handled).toBe(1);
  await expect(dispatcher.dispatch('orders', 2)).rejects.toBeInstanceOf(DispatcherClosedError);
});
