import { expect, it } from 'vitest';

import { type Broker, brokerOutput, BrokerUnavailableError, memoryBroker } from '../../src/index.ts';
import { bytes } from './schemas.ts';

/** A broker that can go away. */
function leaving(): { broker: Broker; good: Broker; away: boolean } {
  const good = memoryBroker();
  const state = { good, away: false, broker: good };
  state.broker = Object.assign(Object.create(good) as Broker, {
    publish: (...given: Parameters<Broker['publish']>) =>
      state.away ? Promise.reject(new BrokerUnavailableError('memory', 'publish', 'away')) : good.publish(...given),
  });
  return state;
}

const text = (body: Uint8Array): string => new TextDecoder().decode(body);
const numbered = (number: number): { subject: string; body: Uint8Array } => ({
  subject: 'a',
  body: bytes(String(number)),
});

it('row 99: what is pushed while the broker is away is published when it is back, up to the bound; the rest is counted and told', async () => {
  const state = leaving();
  const heard: string[] = [];
  state.good.subscribe('a', ({ body }) => heard.push(text(body)));
  const dropped: string[] = [];
  const output = brokerOutput(state.broker, {
    capacity: 100,
    inFlight: 1,
    maxPauseMs: 20,
    onDrop: ({ body }, reason) => {
      dropped.push(`${text(body)} ${reason}`);
      throw new Error('a hook that fails');
    },
  });
  state.away = true;
  for (let number = 0; number < 150; number += 1) expect(output.push(numbered(number))).toBe(true);
  expect(output.stats).toMatchObject({ depth: 100, dropped: 50, published: 0 });
  await expect.poll(() => output.stats.failed).toBeGreaterThan(2);
  state.away = false;
  await output.flush();
  await expect.poll(() => heard.length).toBe(100);
  expect(heard).toEqual(Array.from({ length: 100 }, (_, at) => String(at + 50)));
  expect(dropped).toEqual(Array.from({ length: 50 }, (_, at) => `${at} full`));
  expect(output.stats).toMatchObject({ depth: 0, dropped: 50, published: 100, duplicates: 0 });
  expect(await output.close()).toEqual({ undelivered: 0 });
  expect(output.push(numbered(0))).toBe(false);
});

it('drops the new one when it is told to', async () => {
  const state = leaving();
  state.away = true;
  const output = brokerOutput(state.broker, { capacity: 2, onFull: 'drop_newest' });
  expect([0, 1, 2].map((number) => output.push(numbered(number)))).toEqual([true, true, false]);
  expect(await output.close({ signal: AbortSignal.timeout(20) })).toEqual({ undelivered: 2 });
  expect(output.stats).toMatchObject({ depth: expect.any(Number) as number, dropped: 3, published: 0 });
});

it('an attempt that arrived after all makes no second event', async () => {
  const good = memoryBroker();
  let calls = 0;
  const broker: Broker = Object.assign(Object.create(good) as Broker, {
    publish: async (...given: Parameters<Broker['publish']>) => {
      const published = await good.publish(...given);
      calls += 1;
      if (calls === 1) throw new BrokerUnavailableError('memory', 'publish', 'the answer was lost');
      return published;
    },
  });
  let heard = 0;
  good.subscribe('a', () => (heard += 1));
  const output = brokerOutput(broker);
  output.push(numbered(1));
  await output.flush();
  await output.close();
  expect(output.stats).toMatchObject({ published: 1, duplicates: 1, failed: 1 });
  await good.close();
  expect(heard).toBe(1);
});

it('an event that no broker takes is dropped, and those behind it go on', async () => {
  const broker = memoryBroker();
  const reasons: string[] = [];
  const output = brokerOutput(broker, { onDrop: (_, reason) => reasons.push(reason) });
  output.push({ subject: 'no subject', body: bytes('x') });
  output.push(numbered(1));
  await output.flush();
  expect(output.stats).toMatchObject({ published: 1, dropped: 1 });
  expect(reasons).toEqual(['refused']);
});

it('refuses options that cannot work, all at once', () => {
  expect(() => brokerOutput(memoryBroker(), { capacity: 0, inFlight: 0.5, onFull: 'wait' as never })).toThrow(
    /capacity .*; inFlight .*; onFull /,
  );
});
