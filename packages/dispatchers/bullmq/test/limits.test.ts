import { setTimeout as sleep } from 'node:timers/promises';

import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { bullmqDispatcher, type BullmqDispatcherOptions } from '../src/index.ts';
import { queueOf } from '../src/names.ts';

async function until(isSo: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${isSo.toString()}`);
    await sleep(10);
  }
}

describeWith('redis-server', 'on a Redis', () => {
  let server: RedisTestServer;
  let made = 0;
  const connection = (): { readonly host: string; readonly port: number } => ({ host: '127.0.0.1', port: server.port });
  const start = (options: Partial<BullmqDispatcherOptions> = {}, name = `l${(made += 1)}`) =>
    bullmqDispatcher<{ orders: unknown }>({ connection: connection(), name, claimMs: 1_000, ...options });

  beforeAll(async () => {
    server = await startRedis({ persistent: true });
  });
  afterAll(() => server.stop());

  test('row 75: the limit is never exceeded under 10,000 dispatches at once', { timeout: 60_000 }, async () => {
    const dispatcher = start({ maxQueued: 1_000 });
    await dispatcher.enrol('orders', 'later');
    const ends = await Promise.allSettled(Array.from({ length: 10_000 }, (_, n) => dispatcher.dispatch('orders', n)));
    const refused = ends.flatMap((end) => (end.status === 'rejected' ? [(end.reason as { code: string }).code] : []));
    expect(refused).toHaveLength(9_000);
    expect(new Set(refused)).toEqual(new Set(['QUEUE_LIMIT']));
    const queue = new Queue(queueOf(dispatcher.name, 'orders', 'later'), { connection: connection() });
    expect(await queue.count()).toBe(1_000);
    await queue.close();
    await dispatcher.close();
  });

  test('row 75: with locks it is not exceeded by several dispatchers either', { timeout: 60_000 }, async () => {
    const locks = createLocks({ storage: new MemoryStorage(), waitMs: 'forever' });
    const nodes = [1, 2, 3].map(() => start({ maxQueued: 200, locks }, 'shared'));
    await nodes[0]?.enrol('orders', 'later');
    const ends = await Promise.allSettled(
      Array.from({ length: 1_500 }, (_, n) => nodes[n % 3]?.dispatch('orders', n) ?? Promise.resolve('')),
    );
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(200);
    await Promise.all(nodes.map((node) => node.close()));
    await locks.close();
  });

  test(
    'row 82: a Redis that is killed twice under load loses nothing that was taken',
    { timeout: 90_000 },
    async () => {
      const faults = new Set<string>();
      const onError = (error: unknown): void => void faults.add(String(error));
      // An answer that was lost makes the dispatch be tried again, maybe when the event is handled already.
      const dispatcher = start({ onError, rememberHandled: 10_000 });
      const handled = new Map<string, number>();
      let announced = 0;
      const count = async (_: unknown, { id, repeated }: { id: string; repeated: boolean }): Promise<void> => {
        await sleep(1);
        if (handled.has(id) && repeated) announced += 1;
        handled.set(id, (handled.get(id) ?? 0) + 1);
      };
      dispatcher.register('orders', count, { name: 'a' });
      await dispatcher.ready();
      const taken: string[] = [];
      let dispatched = 0;
      const dispatching = (async () => {
        for (let batch = 0; batch < 40; batch += 1) {
          await Promise.all(
            Array.from({ length: 50 }, async (_, n) => {
              const id = `${batch}-${n}`;
              // Whoever is told that it was not taken tries again with the same id.
              while ((await dispatcher.dispatch('orders', { n }, { id }).catch(() => undefined)) === undefined)
                await sleep(20);
              taken.push(id);
            }),
          );
          dispatched += 1;
        }
      })();
      for (const at of [10, 25]) {
        await until(() => dispatched >= at);
        await server.kill();
        await sleep(300);
        await server.start();
      }
      await dispatching;
      await until(() => taken.every((id) => handled.has(id)));
      expect(taken).toHaveLength(2_000);
      const again = [...handled.values()].reduce((sum, times) => sum + times - 1, 0);
      expect(announced).toBe(again);
      console.log(`2,000 events, 0 lost, ${again} handled again; ${faults.size} kinds of faults told`);
      await dispatcher.close();
    },
  );

  test('row 82: what waits outlives its processes, with its delay; a name that ran once is kept for', async () => {
    const name = `l${(made += 1)}`;
    const first = start({}, name);
    const remove = first.register('orders', () => undefined, { name: 'a' });
    await first.ready();
    remove();
    await first.dispatch('orders', 'now');
    await first.dispatch('orders', 'later', { delayMs: 300 });
    expect(await first.close()).toEqual({ undelivered: 0 });
    const second = start({}, name);
    const seen: unknown[] = [];
    second.register('orders', (event) => void seen.push(event), { name: 'a' });
    await until(() => seen.length === 2);
    expect(seen).toEqual(['now', 'later']);
    await second.close();
  });

  test('what others put into its queue is dead at once, told, and blocks nothing that follows', async () => {
    const dead: unknown[] = [];
    const dispatcher = start({ onDead: ({ errors }) => dead.push(errors.at(-1)?.name), maxEventLength: 100 });
    const seen: unknown[] = [];
    dispatcher.register('orders', (event) => void seen.push(event), { name: 'a' });
    await dispatcher.ready();
    const queue = new Queue(queueOf(dispatcher.name, 'orders', 'a'), { connection: connection() });
    const hostile = [null, 'text', { id: 1 }, { id: 'x', event: '{' }, { id: 'x', event: `"${'x'.repeat(200)}"` }];
    for (const data of hostile) await queue.add('event', data);
    await queue.add('event', JSON.parse('{"__proto__":{"polluted":1},"id":"y","event":"1"}'));
    await dispatcher.dispatch('orders', 'good');
    await until(() => dead.length === 5 && seen.includes('good'));
    expect(dead.map(String).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'EventTooLongError',
      ...Array.from({ length: 4 }, () => 'StoredEventError'),
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    await expect(dispatcher.dispatch('orders', 'x'.repeat(200))).rejects.toMatchObject({ code: 'EVENT_TOO_LONG' });
    expect((await dispatcher.deadLetters()).length).toBe(5);
    await queue.close();
    await dispatcher.close();
  });

  test('errors whose names and messages are orders to BullMQ are errors like others', async () => {
    const dispatcher = start();
    const orders = ['DelayedError', 'WaitingError', 'WaitingChildrenError', 'UnrecoverableError'];
    let attempts = 0;
    const handler = (): never => {
      const name = orders[attempts] ?? 'Error';
      attempts += 1;
      throw Object.assign(new Error('bullmq:rateLimitExceeded'), { name });
    };
    dispatcher.register('orders', handler, { name: 'a', retry: { maxAttempts: 5, delayMs: () => 1 } });
    await dispatcher.dispatch('orders', 1);
    await until(() => dispatcher.counters().dead === 1);
    const [letter] = await dispatcher.deadLetters();
    expect(letter?.errors.map(({ name }) => name)).toEqual([...orders, 'Error']);
    await dispatcher.close();
  });

  test('row 83: an exclusive handler has one event of a key at a time, over all processes that share the locks', async () => {
    const locks = createLocks({ storage: new MemoryStorage(), waitMs: 50 });
    const running = new Map<string, number>();
    let most = 0;
    let handled = 0;
    const handler = async (event: unknown): Promise<void> => {
      const key = String(event);
      running.set(key, (running.get(key) ?? 0) + 1);
      most = Math.max(most, running.get(key) ?? 0);
      await sleep(20);
      running.set(key, (running.get(key) ?? 1) - 1);
      handled += 1;
    };
    const nodes = [1, 2].map(() => start({}, 'exclusive'));
    const exclusive = { key: String, locks };
    for (const node of nodes) node.register('orders', handler, { name: 'a', exclusive, retry: { maxAttempts: 1 } });
    for (let n = 0; n < 20; n += 1) await nodes[n % 2]?.dispatch('orders', n % 2 === 0 ? 'x' : 'y');
    await until(() => handled === 20);
    expect(most).toBe(1);
    expect(nodes.map((node) => node.counters().failed)).toEqual([0, 0]);
    await Promise.all(nodes.map((node) => node.close()));
    await locks.close();
  });

  test('a handler without a name is refused: what waits, waits for a name', async () => {
    const dispatcher = start();
    expect(() => dispatcher.register('orders', () => undefined)).toThrow('name must be given: events wait for it');
    await dispatcher.close();
    expect(() => bullmqDispatcher({ connection: undefined as never, name: 'a:b', claimMs: 5, maxQueued: 0 })).toThrow(
      'connection must be given; name must be 1 to 100 letters, digits, _ or -, got "a:b"; ' +
        'maxQueued must be an integer of at least 1, got 0; claimMs must be an integer of at least 1000, got 5',
    );
  });
});
