import { randomUUID } from 'node:crypto';

import { decodeEvent, type Event } from '@lockscope/core';
import { brokerListener, lockEvents, type Broker } from '@lockscope/delivery';
import { expect } from 'vitest';

import { Child } from './child.ts';
import type { TestServer } from './servers/server.ts';
import { sourceProgram } from './source-program.ts';

/** Brokers on one server: what each of them promises beyond the contract, because it needs processes or a dying server. */
export interface ServedBrokers {
  readonly server: TestServer & { readonly url: string };
  /** Another connection to a log. */
  readonly open: (log: string, options?: { readonly timeoutMs?: number; readonly maxEvents?: number }) => Broker;
  /** The same where the log is gone with the server. */
  readonly forgetful: (log: string) => Broker;
  /** A program that joins the group `workers` of a log, says that it is ready when it works, and never ends. */
  readonly member: URL;
}

const newLog = (): string => `n${randomUUID()}`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function arrives(broker: Broker, text: string): Promise<boolean> {
  try {
    await broker.publish('a', bytes(text));
    return true;
  } catch {
    return false;
  }
}

/** An event whose process is killed in mid-work is handled again, by another. */
export async function handledAgainAfterAKill(brokers: ServedBrokers): Promise<void> {
  const log = newLog();
  const broker = brokers.open(log);
  await broker.publish('work', bytes('an order'));
  const program = await sourceProgram(brokers.member);
  // It is ready when it works.
  const member = await Child.start(program, [brokers.server.url, log]);
  const handled: string[] = [];
  const subscription = broker.subscribe(
    'work',
    ({ body, attempt }) => handled.push(`${new TextDecoder().decode(body)}, attempt ${attempt}`),
    { group: 'workers', ackWaitMs: 500 },
  );
  await subscription.ready;
  expect(handled).toEqual([]);
  await member.kill();
  await expect.poll(() => handled, { timeout: 20_000 }).toEqual(['an order, attempt 2']);
  expect(subscription.stats).toMatchObject({ redelivered: 1, handled: 1 });
  await broker.close();
}

/** A server that stands still is not taken for one that answers. */
export async function stillServerIsTold(brokers: ServedBrokers): Promise<void> {
  const { server } = brokers;
  const broker = brokers.open(newLog(), { timeoutMs: 300 });
  await broker.publish('a', bytes('1'));
  server.freeze();
  await expect(broker.publish('a', bytes('2'))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  server.thaw();
  await expect.poll(() => arrives(broker, '3'), { timeout: 20_000 }).toBe(true);
  await broker.close();
}

/** A server was killed and forgot everything: what is published from then on is not missed. */
export async function goesOnAfterForgetting(brokers: ServedBrokers): Promise<void> {
  const log = newLog();
  const [broker, publishing] = [brokers.forgetful(log), brokers.forgetful(log)];
  const heard: string[][] = [[], []];
  for (const [at, group] of [undefined, 'group'].entries()) {
    const subscription = broker.subscribe('a', ({ body }) => heard[at]?.push(new TextDecoder().decode(body)), {
      group,
    });
    await subscription.ready;
  }
  for (const text of ['1', '2', '3']) await publishing.publish('a', bytes(text));
  const heardBy = (): string[] => heard.map((texts) => texts.join());
  await expect.poll(heardBy, { timeout: 20_000 }).toEqual(['1,2,3', '1,2,3']);
  await brokers.server.restart();
  await expect.poll(() => arrives(publishing, '4'), { timeout: 20_000 }).toBe(true);
  await expect.poll(heardBy, { timeout: 20_000 }).toEqual(['1,2,3,4', '1,2,3,4']);
  await publishing.publish('a', bytes('5'));
  await expect.poll(heardBy, { timeout: 20_000 }).toEqual(['1,2,3,4,5', '1,2,3,4,5']);
  await broker.close();
  await publishing.close();
}

function eventNumber(number: number): Event {
  const times = { start_time: '2026-01-01T00:00:00Z', end_time: '2026-01-01T00:00:01Z' };
  return decodeEvent({ id: `event-${number}`, lock_id: `orders/${number}`, type: 'lock', ...times });
}

/** Lock events of two processes come together, and what is told while the server is away comes when it is back. */
export async function lockEventsComeTogether(brokers: ServedBrokers): Promise<void> {
  const { server } = brokers;
  const log = newLog();
  const open = (): Broker => brokers.open(log, { timeoutMs: 1000 });
  const collecting = open();
  const telling = [open(), open()];
  const listeners = telling.map((broker, at) => brokerListener(broker, { source: `process-${at}`, maxPauseMs: 100 }));
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
  for (const broker of [collecting, ...telling]) await broker.close();
}

/** Where a log keeps so few events, those that came after a position may be gone: that is told. */
export async function goneEventsAreTold(brokers: ServedBrokers, maxEvents: number): Promise<void> {
  const broker = brokers.open(newLog(), { maxEvents });
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
}
