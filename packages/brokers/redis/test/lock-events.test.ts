import { randomUUID } from 'node:crypto';

import { decodeEvent, type Event } from '@lockscope/core';
import { brokerListener, lockEvents } from '@lockscope/delivery';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { redisBroker } from '../src/index.ts';

function eventNumber(number: number): Event {
  const times = { start_time: '2026-01-01T00:00:00Z', end_time: '2026-01-01T00:00:01Z' };
  return decodeEvent({ id: `event-${number}`, lock_id: `orders/${number}`, type: 'lock', ...times });
}

describeWith('redis-server', 'lock events', () => {
  let server: RedisTestServer;
  beforeAll(async () => {
    server = await startRedis({ persistent: true });
  });
  afterAll(() => server.stop());

  it(
    'row 99: lock events of two processes come together, and what is told while the server is away comes when it is back',
    { timeout: 60_000 },
    async () => {
      const name = `n${randomUUID()}`;
      const brokers = [0, 1, 2].map(() => redisBroker({ url: server.url, prefix: name, timeoutMs: 1000 }));
      const [collecting, ...telling] = brokers as [(typeof brokers)[0], ...typeof brokers];
      const listeners = telling.map((broker, at) =>
        brokerListener(broker, { source: `process-${at}`, maxPauseMs: 100 }),
      );
      const events = lockEvents(collecting);
      await events.ready;
      const seen = new Map<string, Set<string>>([
        ['process-0', new Set()],
        ['process-1', new Set()],
      ]);
      const reading = (async () => {
        for await (const { event, source = '' } of events) seen.get(source)?.add(event.id);
      })();
      const counts = (): number[] => [...seen.values()].map(({ size }) => size);
      const tell = (from: number, to: number): void => {
        for (let number = from; number < to; number += 1)
          for (const [at, listener] of listeners.entries()) void listener.on?.(eventNumber(number * 2 + at));
      };
      tell(0, 500);
      await expect.poll(counts, { timeout: 20_000 }).toEqual([500, 500]);
      await server.kill();
      tell(500, 1000);
      await expect.poll(() => listeners.every(({ stats }) => stats.failed > 0), { timeout: 20_000 }).toBe(true);
      expect(listeners.map(({ stats }) => stats.depth)).toEqual([500, 500]);
      await server.start();
      await expect.poll(counts, { timeout: 30_000 }).toEqual([1000, 1000]);
      for (const listener of listeners) {
        expect(await listener.close()).toEqual({ undelivered: 0 });
        expect(listener.stats).toMatchObject({ published: 1000, dropped: 0 });
      }
      await events.close();
      await reading;
      for (const broker of brokers) await broker.close();
    },
  );

  it('says when events are gone that came after a position', async () => {
    const name = `n${randomUUID()}`;
    const broker = redisBroker({ url: server.url, prefix: name, maxEvents: 1 });
    const body = new Uint8Array(1);
    const { position = '' } = await broker.publish('a', body);
    for (let number = 0; number < 500; number += 1) await broker.publish('a', body);
    const told: unknown[] = [];
    const onError = (error: unknown): void => void told.push((error as { code?: unknown }).code);
    const gap = broker.subscribe('a', () => undefined, { from: { after: position }, onError });
    const start = broker.subscribe('a', () => undefined, { from: 'start', onError });
    await Promise.all([gap.ready, start.ready]);
    expect(told).toEqual(['EVENTS_MISSED']);
    expect([gap.stats.errors, start.stats.errors]).toEqual([1, 0]);
    await broker.close();
  });
});
