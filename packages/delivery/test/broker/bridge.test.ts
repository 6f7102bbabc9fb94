import { expect, it } from 'vitest';

import { bridge, createBus, createMessage, encodeMessage, memoryBroker, type Message } from '../../src/index.ts';
import { amountSchema, bytes, schemaOf } from './schemas.ts';

type Events = { 'payment.made': { amount: number }; 'payment.wanted': { amount: number } };

const both = { 'payment.made': amountSchema, 'payment.wanted': amountSchema };

it('row 100: a message from outside becomes an event inside, and what is unknown or does not fit is refused and does not crash', async () => {
  const broker = memoryBroker();
  const bus = createBus<Events>();
  const heard: Message[] = [];
  bus.on('payment.made', (message) => void heard.push(message));
  const refused: string[] = [];
  const edge = bridge(broker, bus, {
    in: { subject: 'payments', schemas: both, onRejected: ({ reason }) => refused.push(reason) },
  });
  await edge.ready;
  const send = (type: string, data: unknown): Promise<unknown> =>
    broker.publish('payments', bytes(encodeMessage(createMessage(type, data, { source: 'outside' }))));
  await send('payment.made', { amount: 'much' });
  await send('payment.unknown', {});
  await broker.publish('payments', bytes('{'));
  await send('payment.made', { amount: 3 });
  await expect.poll(() => heard.map(({ data }) => data)).toEqual([{ amount: 3 }]);
  expect(refused).toEqual(['data', 'type', 'format']);
  expect(edge.stats.in).toMatchObject({ rejected: 3, echoes: 0 });
  expect(heard[0]?.headers).toEqual({ 'lockscope-origin': 'unknown' });
  await edge.close();
  await broker.close();
});

it('row 100: two services that send and take the same types make no loop', async () => {
  const broker = memoryBroker({ deduplicatesMs: 0 });
  const services = ['orders', 'payments'].map((origin) => {
    const bus = createBus<Events>({ source: origin });
    const heard: string[] = [];
    bus.on('*', ({ source }) => void heard.push(source));
    const options = { subject: 'all', types: '*' } as const;
    return { bus, heard, edge: bridge(broker, bus, { origin, in: { subject: 'all', schemas: both }, out: options }) };
  });
  const [orders, payments] = services;
  let seen = 0;
  broker.subscribe('all', () => (seen += 1));
  await orders?.bus.publish('payment.wanted', { amount: 1 });
  await payments?.bus.publish('payment.made', { amount: 1 });
  await expect
    .poll(() => [orders?.heard, payments?.heard])
    .toEqual([
      ['orders', 'payments'],
      ['payments', 'orders'],
    ]);
  await expect.poll(() => services.map(({ edge }) => edge.stats.in?.echoes)).toEqual([1, 1]);
  // Whatever could still be on its way had its turn.
  for (const { edge } of services) await edge.close();
  expect(seen).toBe(2);
  expect(services.map(({ edge }) => edge.stats.out)).toMatchObject([
    { published: 1, held: 1, dropped: 0 },
    { published: 1, held: 1, dropped: 0 },
  ]);
  await broker.close();
});

it('row 100: two services that are connected over two brokers make no loop either', async () => {
  // Such as do not know a message by its id.
  const brokers = [memoryBroker({ deduplicatesMs: 0 }), memoryBroker({ deduplicatesMs: 0 })];
  const services = ['orders', 'payments'].map((origin) => {
    const bus = createBus<Events>({ source: origin });
    const heard: string[] = [];
    bus.on('*', ({ source }) => void heard.push(source));
    const options = { in: { subject: 'all', schemas: both }, out: { subject: 'all', types: 'payment.*' } } as const;
    return { bus, heard, edges: brokers.map((broker) => bridge(broker, bus, options)) };
  });
  const counts = [0, 0];
  for (const [at, broker] of brokers.entries())
    broker.subscribe('all', () => void (counts[at] = (counts[at] ?? 0) + 1));
  await services[0]?.bus.publish('payment.made', { amount: 1 });
  // Over either broker, once.
  await expect.poll(() => services.map(({ heard }) => heard)).toEqual([['orders'], ['orders', 'orders']]);
  for (const edge of services.flatMap(({ edges }) => edges)) await edge.close();
  for (const broker of brokers) await broker.close();
  expect(counts).toEqual([1, 1]);
  expect(services.map(({ heard }) => heard.length)).toEqual([1, 2]);
});

it('a message whose handler inside failed comes again', async () => {
  const broker = memoryBroker();
  const bus = createBus<{ a: unknown }>();
  let attempts = 0;
  bus.on('a', () => {
    attempts += 1;
    if (attempts < 3) throw new Error('not yet');
  });
  const schemas = { a: schemaOf((value): value is unknown => value !== undefined) };
  const edge = bridge(broker, bus, { in: { subject: 'all', schemas, retryDelayMs: 1 } });
  await broker.publish('all', bytes(encodeMessage(createMessage('a', 1, { source: 'x' }))));
  await expect.poll(() => edge.stats.in?.handled).toBe(1);
  expect(attempts).toBe(3);
  await edge.close();
});

it('refuses options that cannot work, all at once', () => {
  const bus = createBus();
  expect(() => bridge(memoryBroker(), bus, { origin: 'a b', out: { subject: 'a..', types: '*' } })).toThrow(
    'origin must be 1 to 64 letters, digits, _, . or -, got a b; out.subject must be words',
  );
  expect(() => bridge(memoryBroker(), bus, {})).toThrow('give in, out, or both');
});
