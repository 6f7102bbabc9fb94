import { encodeEvent, type Event } from '@lockscope/core';
import { listenerContract } from '@lockscope/testkit';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { describe, expect, it, test } from 'vitest';

import { brokerListener, lockEvents, memoryBroker, type CollectedEvent } from '../../src/index.ts';
import { bytes } from './schemas.ts';

async function take(events: AsyncIterable<CollectedEvent>, count: number): Promise<CollectedEvent[]> {
  const taken: CollectedEvent[] = [];
  for await (const collected of events) {
    taken.push(collected);
    if (taken.length === count) break;
  }
  return taken;
}

it('row 99: lock events go over a broker and come out as they were, with who told them and where to go on', async () => {
  const broker = memoryBroker();
  const told: Event[] = [];
  const listener = brokerListener(broker, { source: 'orders:1', types: ['lock', 'lock.acquire'] });
  const locks = createLocks({
    storage: new MemoryStorage(),
    listeners: [listener, { name: 'direct', types: ['lock', 'lock.acquire'], on: (event) => void told.push(event) }],
  });
  for (const key of ['orders/1', 'orders/2', 'orders/3']) await locks.run(key, () => undefined);
  await listener.flush();
  expect(told.length).toBe(6);
  const collected = await take(lockEvents(broker, { from: 'start' }), 6);
  const events = collected.map(({ event }) => event);
  expect(events.map(({ id, type, outcome, lockKey }) => [id, type, outcome, lockKey])).toEqual(
    told.map(({ id, type, outcome, lockKey }) => [id, type, outcome, lockKey]),
  );
  expect(events.map(encodeEvent)).toEqual(told.map(encodeEvent));
  expect(new Set(collected.map(({ source }) => source))).toEqual(new Set(['orders:1']));
  const after = collected[3]?.position ?? '';
  const rest = await take(lockEvents(broker, { from: { after } }), 2);
  expect(rest.map(({ event }) => event.id)).toEqual(told.slice(4).map(({ id }) => id));
  await listener.close();
  await broker.close();
});

it('what is no event is told to a hook, and the loop goes on behind it', async () => {
  const broker = memoryBroker();
  const told: unknown[] = [];
  const events = lockEvents(broker, {
    maxBytes: 1000,
    onRejected: (delivery, error) => {
      told.push([delivery.position, error instanceof Error]);
      throw new Error('a hook that fails');
    },
  });
  await events.ready;
  const wire = '{"id":"1","lock_id":"a","type":"lock","start_time":"2026-01-01T00:00:00Z","__proto__":{"polluted":1}}';
  for (const text of ['{', '[]', '{"id":1}', 'x'.repeat(2000), wire]) await broker.publish('lock-events', bytes(text));
  const [collected] = await take(events, 1);
  expect(collected?.event.id).toBe('1');
  expect(told).toEqual(['1', '2', '3', '4'].map((position) => [position, true]));
  expect(events.stats).toMatchObject({ rejected: 4, pending: 0 });
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

it('in a group an event is handled when the loop asks for the next one; the one it broke off with comes again', async () => {
  const broker = memoryBroker();
  const start = 'lock-events';
  const group = { group: 'view', from: 'start' } as const;
  const wire = (id: string): Uint8Array =>
    bytes(`{"id":"${id}","lock_id":"a","type":"lock","start_time":"2026-01-01T00:00:00Z"}`);
  for (const id of ['1', '2', '3']) await broker.publish(start, wire(id));
  expect((await take(lockEvents(broker, group), 2)).map(({ event }) => event.id)).toEqual(['1', '2']);
  const second = await take(lockEvents(broker, group), 2);
  expect(second.map(({ event, attempt }) => [event.id, attempt])).toEqual([
    ['2', 2],
    ['3', 1],
  ]);
});

it('a loop ends when it is closed or its signal aborts', async () => {
  const broker = memoryBroker();
  const given = new AbortController();
  const aborted = take(lockEvents(broker, { signal: given.signal }), 1);
  const events = lockEvents(broker);
  const closed = take(events, 1);
  given.abort();
  await events.close();
  expect(await Promise.all([aborted, closed])).toEqual([[], []]);
});

it('refuses options that cannot work', () => {
  expect(() => lockEvents(memoryBroker(), { maxBytes: 0 })).toThrow('maxBytes');
  expect(() => brokerListener(memoryBroker(), { subject: '*' })).toThrow('subject');
  expect(() => brokerListener(memoryBroker(), { bufferSize: 0 })).toThrow('bufferSize');
});

describe('the listener contract, a listener that publishes', () => {
  const create = () => {
    const broker = memoryBroker();
    const listener = brokerListener(broker, { bufferSize: 1000 });
    return {
      listener,
      told: () => listener.stats.published + listener.stats.dropped,
      flush: () => listener.flush(),
      close: async () => {
        await listener.close();
        await broker.close();
      },
    };
  };
  for (const { name, run } of listenerContract({ create, mayKeep: 1100 })) test(name, run);
});
