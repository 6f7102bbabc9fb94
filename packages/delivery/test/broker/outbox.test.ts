import { expect, it } from 'vitest';

import {
  type Broker,
  createMessage,
  idempotent,
  memoryBroker,
  memorySeen,
  type Message,
  type OutboxEntry,
  type OutboxStore,
  relayOutbox,
  subscribeMessages,
} from '../../src/index.ts';

class Shelf implements OutboxStore {
  readonly entries: OutboxEntry[] = [];
  /** How many writes of marks are lost, as when the process dies before them. */
  lostMarks = 0;
  readonly #sent = new Set<string>();

  add(number: number, subject = 'orders'): void {
    this.entries.push({ subject, message: createMessage('order.created', { number }, { source: 'orders' }) });
  }

  take(limit: number): OutboxEntry[] {
    return this.entries.filter(({ message }) => !this.#sent.has(message.id)).slice(0, limit);
  }

  markSent(ids: readonly string[]): void {
    if (this.lostMarks > 0) {
      this.lostMarks -= 1;
      throw new Error('the process died here');
    }
    for (const id of ids) this.#sent.add(id);
  }
}

const numberOf = ({ data }: Message): number => (data as { number: number }).number;
const counted = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

it('row 102: what is in the outbox is published in its order, also when the broker refuses now and then', async () => {
  const good = memoryBroker();
  let calls = 0;
  const flaky: Broker = Object.assign(Object.create(good) as Broker, {
    publish: (...given: Parameters<Broker['publish']>) => {
      calls += 1;
      return calls % 3 === 0 ? Promise.reject(new Error('away')) : good.publish(...given);
    },
  });
  const numbers: number[] = [];
  subscribeMessages(good, 'orders', (message: Message) => numbers.push(numberOf(message)));
  const shelf = new Shelf();
  for (const number of counted(20)) shelf.add(number);
  const relay = relayOutbox(shelf, flaky, { batch: 7, intervalMs: 5 });
  await expect.poll(() => numbers).toEqual(counted(20));
  shelf.add(20);
  relay.wake();
  await expect.poll(() => numbers.length).toBe(21);
  await relay.close();
  expect(relay.stats).toMatchObject({ published: 21, duplicates: 0 });
  expect(relay.stats.failed).toBeGreaterThan(5);
  expect(shelf.take(10)).toEqual([]);
});

it('row 102: a crash between publish and mark makes no second event where the broker knows ids, and no second work where it does not', async () => {
  const marking = async (broker: Broker): Promise<{ events: number; work: number }> => {
    let events = 0;
    let work = 0;
    const handle = idempotent(() => (work += 1), memorySeen());
    subscribeMessages(broker, 'orders', (message: Message) => {
      events += 1;
      return handle(message);
    });
    const shelf = new Shelf();
    for (const number of counted(5)) shelf.add(number);
    shelf.lostMarks = 1;
    const relay = relayOutbox(shelf, broker, { intervalMs: 5 });
    await expect.poll(() => shelf.take(10)).toEqual([]);
    await expect.poll(() => work).toBe(5);
    await relay.close();
    await broker.close();
    return { events, work };
  };
  expect(await marking(memoryBroker())).toEqual({ events: 5, work: 5 });
  expect(await marking(memoryBroker({ deduplicatesMs: 0 }))).toEqual({ events: 10, work: 5 });
});

it('a message that no broker takes is told, and does not hold up those behind it', async () => {
  const broker = memoryBroker();
  const numbers: number[] = [];
  subscribeMessages(broker, 'orders', (message: Message) => numbers.push(numberOf(message)));
  const shelf = new Shelf();
  shelf.add(0);
  shelf.add(1, 'no subject!');
  shelf.add(2);
  const refused: string[] = [];
  const relay = relayOutbox(shelf, broker, { onRefused: ({ subject }) => refused.push(subject) });
  await expect.poll(() => numbers).toEqual([0, 2]);
  expect(refused).toEqual(['no subject!']);
  expect(relay.stats.refused).toBe(1);
  await relay.close();
});

it('idempotent: at the same time and again later it works once, and a failure does not count', async () => {
  let attempts = 0;
  const handle = idempotent(
    async ({ id }: { id: string }) => {
      attempts += 1;
      await Promise.resolve();
      if (attempts === 1) throw new Error(`not ${id}`);
    },
    memorySeen({ capacity: 1 }),
  );
  const results = await Promise.allSettled([handle({ id: 'a' }), handle({ id: 'a' })]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await Promise.all([handle({ id: 'a' }), handle({ id: 'a' })]);
  await handle({ id: 'a' });
  expect(attempts).toBe(2);
  await handle({ id: 'b' });
  // There was room for one id only.
  await handle({ id: 'a' });
  expect(attempts).toBe(4);
});

it('refuses options that cannot work, all at once', () => {
  expect(() => relayOutbox(new Shelf(), memoryBroker(), { batch: 0, intervalMs: 2 ** 31 })).toThrow(
    /batch .*; intervalMs /,
  );
  expect(() => memorySeen({ capacity: 0 })).toThrow('capacity');
});
