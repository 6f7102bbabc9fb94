import { expect, test } from 'vitest';

import { localDispatcher, type DeadLetter, type DroppedEvent } from '../../src/index.ts';
import { gate, until } from './settling.ts';

const once = { maxAttempts: 1 } as const;
const fail = (event: unknown): never => {
  throw new TypeError(`no ${String(event)}`);
};

test('row 79: A runs once when only B fails, and B has all its attempts', async () => {
  const dispatcher = localDispatcher();
  const calls: string[] = [];
  dispatcher.register('orders', () => void calls.push('A'), { name: 'A' });
  const b = (): never => {
    calls.push('B');
    throw new Error('B');
  };
  dispatcher.register('orders', b, { name: 'B', retry: { maxAttempts: 4, delayMs: () => 1 } });
  await dispatcher.dispatch('orders', 1);
  await dispatcher.close();
  expect(calls).toEqual(['A', 'B', 'B', 'B', 'B']);
});

test('row 80: an event that nobody can handle ends nobody, and is found with the errors themselves', async () => {
  const told: DeadLetter[] = [];
  const dispatcher = localDispatcher({ onDead: (letter) => told.push(letter) });
  const event = { order: 1 };
  dispatcher.register('orders', fail, { name: 'mail', retry: { maxAttempts: 12, delayMs: () => 0 } });
  const id = await dispatcher.dispatch('orders', event);
  await until(() => told.length === 1);
  const [letter] = await dispatcher.deadLetters();
  expect(letter).toBe(told[0]);
  expect(letter).toMatchObject({ id, topic: 'orders', handler: 'mail', attempts: 12 });
  expect(letter?.event).toBe(event);
  expect(letter?.errors).toHaveLength(10);
  for (const error of letter?.errors ?? []) expect(error).toBeInstanceOf(TypeError);
  expect(Object.isFrozen(letter)).toBe(true);
});

test('row 80: dead letters are bounded; which goes is a policy, and what goes is told', async () => {
  for (const [whenDeadFull, kept, gone] of [
    ['drop_oldest', [2, 3], 1],
    ['drop_newest', [1, 2], 3],
  ] as const) {
    const drops: DroppedEvent[] = [];
    const onDrop = (dropped: DroppedEvent): void => void drops.push(dropped);
    const dispatcher = localDispatcher({ maxDead: 2, whenDeadFull, onDrop });
    dispatcher.register('orders', fail, { name: 'mail', retry: once });
    for (const event of [1, 2, 3]) await dispatcher.dispatch('orders', event);
    await until(() => dispatcher.counters().dead === 3);
    expect((await dispatcher.deadLetters()).map(({ event }) => event)).toEqual(kept);
    expect(drops).toMatchObject([{ event: gone, topic: 'orders', handler: 'mail', reason: 'dead_letters_full' }]);
    expect(dispatcher.counters().dropped).toBe(1);
    await dispatcher.close();
  }
});

test('row 80: retryDead gives back what there is room for and leaves the rest', async () => {
  let healthy = false;
  const handled: unknown[] = [];
  const dispatcher = localDispatcher({ maxQueued: 3 });
  const handler = (event: unknown): void => {
    if (!healthy) fail(event);
    handled.push(event);
  };
  const remove = dispatcher.register('orders', handler, { name: 'mail', retry: once });
  for (let n = 0; n < 10; n += 1) {
    await dispatcher.dispatch('orders', n);
    await until(() => dispatcher.counters().dead === n + 1);
  }
  healthy = true;
  expect(await dispatcher.retryDead({ topic: 'orders' })).toBe(3);
  await until(() => handled.length === 3);
  expect(handled).toEqual([0, 1, 2]);
  expect(await dispatcher.deadLetters()).toHaveLength(7);
  remove();
  expect(await dispatcher.retryDead()).toBe(0);
  expect(await dispatcher.deadLetters({ handler: 'mail' })).toHaveLength(7);
});

test('row 81: a handler that ignores its limit is counted at the limit, and not overtaken by its next attempt', async () => {
  const held = gate();
  const dispatcher = localDispatcher();
  let running = 0;
  let most = 0;
  const aborted: boolean[] = [];
  const handler = async (_: unknown, { signal, attempt }: { signal: AbortSignal; attempt: number }): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    if (attempt === 1) await held.opened;
    aborted.push(signal.aborted);
    running -= 1;
  };
  dispatcher.register('orders', handler, { timeLimitMs: 10, retry: { maxAttempts: 2, delayMs: () => 0 } });
  await dispatcher.dispatch('orders', 1);
  await until(() => dispatcher.counters().timedOut === 1);
  expect(dispatcher.counters()).toMatchObject({ running: 1, attempts: 1 });
  held.open();
  await dispatcher.close();
  expect(aborted).toEqual([true, false]);
  expect([most, dispatcher.counters().failed, dispatcher.counters().handled]).toEqual([1, 1, 1]);
});

test('a handler that is removed takes what waits for it along, told and counted; the others go on', async () => {
  const drops: DroppedEvent[] = [];
  const dispatcher = localDispatcher({ onDrop: (dropped) => drops.push(dropped) });
  const kept: unknown[] = [];
  const remove = dispatcher.register('orders', () => undefined, { name: 'gone' });
  dispatcher.register('orders', (event) => void kept.push(event), { name: 'kept' });
  await dispatcher.dispatch('orders', 'later', { delayMs: 20 });
  const taken = dispatcher.dispatch('orders', 'now');
  remove();
  await taken;
  await dispatcher.close({ drain: 'all' });
  expect(drops.map(({ event, handler, reason }) => [event, handler, reason])).toEqual([
    ['now', 'gone', 'removed'],
    ['later', 'gone', 'removed'],
  ]);
  expect(kept).toEqual(['now', 'later']);
});

test('what a handler throws may be anything', async () => {
  const dispatcher = localDispatcher();
  const thrown = [undefined, null, 'text', 7, { code: 'X' }];
  dispatcher.register(
    'orders',
    () => {
      throw thrown.shift();
    },
    { retry: { maxAttempts: 5, delayMs: () => 0 } },
  );
  await dispatcher.dispatch('orders', 1);
  await dispatcher.close();
  const [letter] = await dispatcher.deadLetters();
  expect(letter?.errors.map(({ message }) => message)).toEqual(['undefined', 'null', 'text', '7', '[object Object]']);
});
