import { InvalidOptionsError } from '@lockscope/core';
import { describe, expect, it, vi } from 'vitest';

import { createBus, createMessage, type Message } from '../../src/index.ts';

interface Events {
  'payment.created': { id: string };
  'payment.refused': { why: string };
  'order.created': { id: string };
  tick: undefined;
}

const order = createMessage('order.created', { id: '42' }, { source: 'orders' });

describe('publish', () => {
  it('row 96: calls all handlers in the order of their registration, and gives what came of each in that order', async () => {
    const bus = createBus<Events>();
    const called: string[] = [];
    bus.on('order.created', async () => {
      called.push('a');
      await Promise.resolve();
      return 1;
    });
    bus.on('order.created', () => void called.push('b'));
    bus.on('*', () => {
      called.push('c');
      return 3;
    });
    bus.on('order.created', () => called.push('d'));
    const results = bus.publish(order);
    expect(called, 'what they do at once is done when publish returns').toEqual(['a', 'b', 'c', 'd']);
    expect(await results).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'fulfilled', value: undefined },
      { status: 'fulfilled', value: 3 },
      { status: 'fulfilled', value: 4 },
    ]);
  });

  it('row 96: a handler that throws or rejects stops no other and reaches no publisher; its error is told as it is', async () => {
    const thrown = new Error('thrown');
    const rejected = new Error('rejected');
    const onError = vi.fn();
    const bus = createBus<Events>({ onError });
    const rest = vi.fn();
    bus.on('order.created', () => {
      throw thrown;
    });
    bus.on('order.created', () => Promise.reject(rejected));
    bus.on('order.created', rest);
    expect(await bus.publish(order)).toEqual([
      { status: 'rejected', reason: thrown },
      { status: 'rejected', reason: rejected },
      { status: 'fulfilled', value: undefined },
    ]);
    expect(rest).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls).toEqual([
      [thrown, order],
      [rejected, order],
    ]);
    expect(onError.mock.calls[0]?.[0]).toBe(thrown);
    expect(bus.stats).toMatchObject({ published: 1, failed: 2 });
  });

  it('row 96: with nobody there is silent, and counted', async () => {
    const bus = createBus<Events>();
    bus.on('tick', () => {});
    expect(await bus.publish('order.created', { id: '1' })).toEqual([]);
    expect(bus.stats).toMatchObject({ published: 1, unhandled: 1, failed: 0 });
  });

  it('makes a message of a type and data, with the source of the bus', async () => {
    const bus = createBus<Events>({ source: 'payments' });
    const got: Message[] = [];
    bus.on('*', (message) => got.push(message));
    await bus.publish('payment.created', { id: '7' }, { causedBy: order, headers: { tenant: 'a' } });
    await bus.publish('tick');
    await bus.publish('tick', undefined, { source: 'clock' });
    expect(got).toMatchObject([
      {
        type: 'payment.created',
        data: { id: '7' },
        source: 'payments',
        causationId: order.id,
        headers: { tenant: 'a' },
      },
      { type: 'tick', data: undefined, source: 'payments' },
      { type: 'tick', source: 'clock' },
    ]);
  });

  it('rejects, and throws nothing, when the message cannot be', async () => {
    const bus = createBus();
    await expect(bus.publish('', 1)).rejects.toThrow(InvalidOptionsError);
    expect(() => bus.emit('', 1)).toThrow(InvalidOptionsError);
    expect(() => createBus({ source: 'two words' })).toThrow(InvalidOptionsError);
    expect(bus.stats.published).toBe(0);
  });

  it('waits for handlers that give any thenable', async () => {
    const bus = createBus<Events>();
    // oxlint-disable-next-line unicorn/no-thenable -- that it is one is what is tested
    bus.on('tick', () => ({ then: (resolve: (value: string) => void) => resolve('late') }));
    expect(await bus.publish('tick')).toEqual([{ status: 'fulfilled', value: 'late' }]);
  });

  it('counts faults of its hooks, which harm nobody', async () => {
    const bus = createBus<Events>({
      onError: () => {
        throw new Error('hook');
      },
      onDrop: () => Promise.reject(new Error('hook')) as unknown as undefined,
    });
    bus.on('tick', () => Promise.reject(new Error('handler')));
    const loop = bus.events('tick', { capacity: 1 });
    await bus.publish('tick');
    await bus.publish('tick');
    await loop.return();
    await vi.waitFor(() => expect(bus.stats).toMatchObject({ failed: 2, dropped: 2, hookFaults: 4 }), 10_000);
  });
});

describe('emit', () => {
  it('tells everybody as publish does, and gives nothing', async () => {
    const onError = vi.fn();
    const bus = createBus<Events>({ onError });
    const called: string[] = [];
    bus.on('order.created', () => {
      called.push('a');
      throw new Error('thrown');
    });
    bus.on('order.created', () => Promise.reject(new Error('rejected')));
    bus.on('order.created', (message) => called.push(message.data.id));
    expect(bus.emit(order)).toBeUndefined();
    expect(called).toEqual(['a', '42']);
    await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(2), 10_000);
    bus.emit('tick');
    expect(bus.stats).toMatchObject({ published: 2, unhandled: 1, failed: 2, running: 0 });
  });
});

describe('on', () => {
  it('row 96: takes one handler for several types', async () => {
    const bus = createBus<Events>();
    const types: string[] = [];
    bus.on(['payment.created', 'payment.refused'], ({ type }) => types.push(type));
    await bus.publish('payment.created', { id: '1' });
    await bus.publish('order.created', { id: '1' });
    await bus.publish('payment.refused', { why: 'no' });
    expect(types).toEqual(['payment.created', 'payment.refused']);
  });

  it('row 96: a handler that is registered twice runs once, until both registrations are removed', async () => {
    const bus = createBus<Events>();
    const handler = vi.fn();
    const first = bus.on('tick', handler);
    const second = bus.on('tick', handler);
    await bus.publish('tick');
    expect(handler).toHaveBeenCalledTimes(1);
    first();
    first();
    await bus.publish('tick');
    expect(handler).toHaveBeenCalledTimes(2);
    second();
    await bus.publish('tick');
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('row 96: a handler gets a message once, however many of its patterns match', async () => {
    const bus = createBus<Events>();
    const called: string[] = [];
    const handler = (): void => void called.push('twice');
    bus.on('payment.*', handler);
    bus.on('payment.created', () => called.push('between'));
    bus.on(['payment.created', '*'], handler);
    await bus.publish('payment.created', { id: '1' });
    expect(called).toEqual(['twice', 'between']);
  });

  it('row 96: gives the way out, which works once and with using', async () => {
    const bus = createBus<Events>();
    const handler = vi.fn();
    {
      using _ = bus.on('tick', handler);
      await bus.publish('tick');
    }
    await bus.publish('tick');
    expect(handler).toHaveBeenCalledTimes(1);
    expect(bus.stats.unhandled).toBe(1);
  });

  it('row 96: takes all types with *, and those with a prefix, in the order of registration', async () => {
    const bus = createBus<Record<string, number>>();
    const called: string[] = [];
    for (const pattern of ['a.*', '*', 'a.b.*', 'a.b.c', 'a'])
      bus.on(pattern, ({ type }) => called.push(`${pattern}<-${type}`));
    for (const type of ['a', 'a.b', 'a.b.c', 'ab.c', 'b']) await bus.publish(type, 1);
    expect(called).toEqual([
      '*<-a',
      'a<-a',
      'a.*<-a.b',
      '*<-a.b',
      'a.*<-a.b.c',
      '*<-a.b.c',
      'a.b.*<-a.b.c',
      'a.b.c<-a.b.c',
      '*<-ab.c',
      '*<-b',
    ]);
  });

  it.each(['', '**', 'a*', '*.a', 'a.*.b', '.*', 7 as unknown as string])(
    'refuses the pattern %j, with all that it came with',
    async (bad) => {
      const bus = createBus<Record<string, number>>();
      const handler = vi.fn();
      expect(() => bus.on(['a', bad], handler)).toThrow(InvalidOptionsError);
      await bus.publish('a', 1);
      expect(handler).not.toHaveBeenCalled();
    },
  );
});

describe('who comes or goes while a message is published', () => {
  it('row 96: who comes gets the next one', async () => {
    const bus = createBus<Events>();
    const late = vi.fn();
    bus.on('tick', () => bus.on('tick', late));
    await bus.publish('tick');
    expect(late).not.toHaveBeenCalled();
    await bus.publish('tick');
    expect(late).toHaveBeenCalledTimes(1);
  });

  it('row 96: who goes gets none any more, and nobody is skipped', async () => {
    const bus = createBus<Events>();
    const called: string[] = [];
    const first = bus.on('tick', () => {
      called.push('first');
      first();
      third();
    });
    bus.on('tick', () => called.push('second'));
    const third = bus.on('tick', () => called.push('third'));
    bus.on('tick', () => called.push('fourth'));
    expect(await bus.publish('tick')).toHaveLength(3);
    expect(called).toEqual(['first', 'second', 'fourth']);
  });

  it('a message that a handler publishes is told at once, and then the first one goes on', async () => {
    const bus = createBus<Events>();
    const called: string[] = [];
    bus.on('order.created', () => {
      called.push('a');
      bus.emit('payment.created', { id: '1' });
    });
    bus.on('payment.created', () => called.push('paid'));
    bus.on('order.created', () => called.push('b'));
    await bus.publish(order);
    expect(called).toEqual(['a', 'paid', 'b']);
  });
});

describe('once', () => {
  it('row 96: is for one message, whatever its handler does', async () => {
    const bus = createBus<Events>();
    const handler = vi.fn(() => {
      bus.emit('tick');
      throw new Error('thrown');
    });
    bus.once(['tick', '*'], handler);
    const [result] = await bus.publish('tick');
    expect(result?.status).toBe('rejected');
    await bus.publish('order.created', { id: '1' });
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it('can be left before it came', async () => {
    const bus = createBus<Events>();
    const handler = vi.fn();
    bus.once('tick', handler)();
    await bus.publish('tick');
    expect(handler).not.toHaveBeenCalled();
  });
});
