import { InvalidOptionsError } from '@lockscope/core';
import { describe, expect, it, vi } from 'vitest';

import { createMessage, type MessageInit } from '../../src/index.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const other = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01';

describe('a new message', () => {
  it('row 98: has an id, a time, and what it was given', () => {
    vi.useFakeTimers({ now: 1_767_225_600_123 });
    try {
      const data = { orderNumber: '42' };
      const message = createMessage('order.created', data, {
        source: 'orders',
        subject: 'order-42',
        version: 3,
        traceparent,
        headers: { tenant: 'a' },
      });
      expect(message).toStrictEqual({
        id: message.id,
        type: 'order.created',
        source: 'orders',
        time: 1_767_225_600_123,
        data,
        subject: 'order-42',
        version: 3,
        correlationId: message.id,
        traceparent,
        headers: { tenant: 'a' },
      });
      expect(message.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number.parseInt(message.id.replace('-', '').slice(0, 12), 16), 'its id begins with its moment').toBe(
        1_767_225_600_123,
      );
    } finally {
      vi.useRealTimers();
    }
  });

  it('without more than a source has nothing more', () => {
    const message = createMessage('tick', undefined, { source: 'clock', id: 'tick-1', time: 0 });
    expect(message).toStrictEqual({
      id: 'tick-1',
      type: 'tick',
      source: 'clock',
      time: 0,
      data: undefined,
      correlationId: 'tick-1',
      headers: {},
    });
  });

  it('row 98: cannot be changed, nor can its headers, neither by who made it nor by who gets it', () => {
    const headers = { tenant: 'a' };
    const message = createMessage('tick', null, { source: 'clock', headers });
    headers.tenant = 'b';
    expect(message.headers).toEqual({ tenant: 'a' });
    expect(Object.isFrozen(message)).toBe(true);
    expect(Object.isFrozen(message.headers)).toBe(true);
    expect(Object.isFrozen(createMessage('tick', null, { source: 'clock' }).headers)).toBe(true);
  });

  it('has an id of its own, 10,000 times', () => {
    const ids = Array.from({ length: 10_000 }, () => createMessage('tick', null, { source: 'clock' }).id);
    expect(new Set(ids).size).toBe(10_000);
  });
});

describe('a message that another led to', () => {
  const command = createMessage('payment.make', { amount: 10 }, { source: 'orders', traceparent });

  it('row 98: names it as its cause, and belongs to the same chain and the same trace', () => {
    const created = createMessage('payment.created', null, { source: 'payments', causedBy: command });
    expect(created).toMatchObject({ causationId: command.id, correlationId: command.id, traceparent });
    const paid = createMessage('order.paid', null, { source: 'orders', causedBy: created });
    expect(paid).toMatchObject({ causationId: created.id, correlationId: command.id, traceparent });
    expect(new Set([command.id, created.id, paid.id]).size).toBe(3);
  });

  it('has the trace context that it is given', () => {
    const created = createMessage('payment.created', null, {
      source: 'payments',
      causedBy: command,
      traceparent: other,
    });
    expect(created.traceparent).toBe(other);
  });

  it('has nothing else of it', () => {
    const cause = createMessage('a', { secret: 1 }, { source: 'a', subject: 's', version: 1, headers: { h: '1' } });
    const next = createMessage('b', null, { source: 'b', causedBy: cause });
    expect(next).toMatchObject({ headers: {}, data: null });
    expect(next).not.toHaveProperty('subject');
    expect(next).not.toHaveProperty('version');
  });

  it('the first of a chain may belong to something that has an id already', () => {
    const first = createMessage('a', null, { source: 'a', correlationId: 'request-7' });
    expect(first).toMatchObject({ correlationId: 'request-7' });
    expect(first).not.toHaveProperty('causationId');
    expect(createMessage('b', null, { source: 'b', causedBy: first }).correlationId).toBe('request-7');
  });
});

describe('a message that cannot be', () => {
  const refused = (type: unknown, init: object): readonly string[] => {
    try {
      createMessage(type as string, null, init as MessageInit);
    } catch (error) {
      if (error instanceof InvalidOptionsError) return error.problems;
      throw error;
    }
    return [];
  };

  it.each([
    ['type', '', {}],
    ['type', 7, {}],
    ['type', 'a\nb', {}],
    ['type', '\ud83d', {}],
    ['source', 'a', { source: '' }],
    ['source', 'a', { source: undefined }],
    ['source', 'a', { source: 'two words' }],
    ['source', 'a', { source: 'half%2' }],
    ['id', 'a', { id: '' }],
    ['time', 'a', { time: Number.NaN }],
    ['time', 'a', { time: 0.5 }],
    ['time', 'a', { time: 253_402_300_800_000 }],
    ['time', 'a', { time: new Date() }],
    ['subject', 'a', { subject: '' }],
    ['version', 'a', { version: -1 }],
    ['version', 'a', { version: 2 ** 31 }],
    ['version', 'a', { version: '1' }],
    ['correlationId', 'a', { correlationId: '\u0000' }],
    ['traceparent', 'a', { traceparent: '00-0-0-00' }],
    ['headers', 'a', { headers: { n: 1 } }],
    ['headers', 'a', { headers: ['a'] }],
    ['headers', 'a', { headers: JSON.parse('{"__proto__":"a"}') as unknown }],
  ])('is refused with the part that is wrong: %s (%j, %j)', (field, type, init) => {
    expect(refused(type, { source: 'a', ...init })).toEqual([
      expect.stringMatching(new RegExp(`^${field} must be .*, got `)),
    ]);
  });

  it('is refused with all that is wrong at once', () => {
    expect(refused('', { source: '', version: -1 })).toHaveLength(3);
  });

  it.each(['orders', '/orders/v1', 'https://example.org/orders?x=1#y', 'urn:uuid:1', 'a%20b', 'com.example.orders'])(
    'is not one with the source %s',
    (source) => {
      expect(refused('a', { source })).toEqual([]);
    },
  );
});
