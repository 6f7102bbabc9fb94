import { expect, it } from 'vitest';

import {
  createMessage,
  encodeMessage,
  memoryBroker,
  type MessageRejectedError,
  publishMessage,
  subscribeMessages,
} from '../../src/index.ts';
import { amountSchema, brokenSchema, bytes } from './schemas.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

it('row 98: the trace, the correlation and the cause of a message go over the broker', async () => {
  const broker = memoryBroker();
  const heard: unknown[] = [];
  const headers: unknown[] = [];
  subscribeMessages(broker, 'payments', (message, delivery) => {
    heard.push(message);
    headers.push(delivery.headers['traceparent']);
  });
  const order = createMessage('order.created', { id: 42 }, { source: 'orders', traceparent, headers: { tenant: 'a' } });
  const payment = createMessage(
    'payment.make',
    { amount: 7 },
    { source: 'orders', causedBy: order, subject: 'order-42' },
  );
  await publishMessage(broker, 'payments', payment);
  await expect.poll(() => heard).toEqual([payment]);
  expect(headers).toEqual([traceparent]);
  expect(payment).toMatchObject({ correlationId: order.id, causationId: order.id, traceparent });
  await broker.close();
});

it('row 99: bad JSON, unknown types, hostile keys, oversize and data that do not fit go to a hook, and nothing waits behind them', async () => {
  const broker = memoryBroker();
  const rejected: MessageRejectedError[] = [];
  const amounts: number[] = [];
  const subscription = subscribeMessages(
    broker,
    'payments.*',
    (message) => {
      amounts.push(message.data.amount);
    },
    {
      schemas: { 'payment.made': amountSchema },
      maxBytes: 5_000,
      onRejected: (error) => {
        rejected.push(error);
        throw new Error('a hook that fails');
      },
    },
  );
  const made = (data: unknown, type = 'payment.made'): string =>
    encodeMessage(createMessage(type, data, { source: 'test' }));
  const hostile = made({ amount: 1 }).replace('{"amount":1}', '{"amount":1,"__proto__":{"polluted":true}}');
  const constructor = made({ amount: 1 }).replace(
    '{"amount":1}',
    '{"amount":1,"constructor":{"prototype":{"polluted":1}}}',
  );
  const bad: (string | Uint8Array)[] = [
    'no json',
    '[]',
    '{"specversion":"1.0"}',
    new Uint8Array([0xff, 0xfe]),
    hostile,
    constructor,
    made({ amount: 1, text: 'x'.repeat(6_000) }),
    made({ amount: 1 }, 'payment.unknown'),
    made({ amount: 1 }, 'toString'),
    made({ amount: 1 }, '__proto__'),
    made({ amount: 'much' }),
  ];
  for (const text of bad) await broker.publish('payments.x', typeof text === 'string' ? bytes(text) : text);
  await broker.publish('payments.x', bytes(made({ amount: 12 })));
  await expect.poll(() => amounts).toEqual([12]);
  expect(rejected.map(({ reason }) => reason)).toEqual([
    ...Array.from({ length: 7 }, () => 'format'),
    ...Array.from({ length: 3 }, () => 'type'),
    'data',
  ]);
  expect(rejected.at(-1)?.message).toBe('data.0: does not fit');
  expect(subscription.stats).toMatchObject({ rejected: bad.length, handled: bad.length + 1, failed: 0, dead: 0 });
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  await broker.close();
});

it('a schema that throws refuses the message, and does not come again', async () => {
  const broker = memoryBroker();
  const reasons: string[] = [];
  subscribeMessages(broker, 'a', () => undefined, {
    schemas: { broken: brokenSchema },
    onRejected: ({ message }) => reasons.push(message),
  });
  await publishMessage(broker, 'a', createMessage('broken', 1, { source: 'test' }));
  await expect.poll(() => reasons).toEqual(['the schema of broken failed']);
  await broker.close();
});

it('refuses options that cannot work', () => {
  expect(() => subscribeMessages(memoryBroker(), 'a', () => undefined, { maxBytes: 0 })).toThrow('maxBytes');
});
