import { describe, expectTypeOf, it } from 'vitest';

import type { Bus, Commands, Message } from '../../src/index.ts';

interface Events {
  'payment.created': { paymentId: string };
  'payment.refused.late': { why: string };
  'order.created': { orderNumber: string };
  tick: undefined;
}
declare const bus: Bus<Events>;
declare const anyBus: Bus;

describe('a bus', () => {
  it('gives a handler the data of its type', () => {
    bus.on('payment.created', (message) => {
      expectTypeOf(message).toEqualTypeOf<Message<'payment.created', { paymentId: string }>>();
    });
    bus.on('payment.*', (message) => {
      expectTypeOf(message.type).toEqualTypeOf<'payment.created' | 'payment.refused.late'>();
      if (message.type === 'payment.created') expectTypeOf(message.data).toEqualTypeOf<{ paymentId: string }>();
    });
    bus.once('*', (message) => {
      expectTypeOf(message.type).toEqualTypeOf<keyof Events>();
      if (message.type === 'order.created') expectTypeOf(message.data.orderNumber).toEqualTypeOf<string>();
    });
    bus.on(['tick', 'order.created'], (message) => {
      expectTypeOf(message.type).toEqualTypeOf<'tick' | 'order.created'>();
    });
    // @ts-expect-error there is no such type
    bus.on('payment.lost', () => {});
    // @ts-expect-error nothing begins so
    bus.on('refund.*', () => {});
  });

  it('gives a loop the data of its type', async () => {
    for await (const message of bus.events('payment.refused.*'))
      expectTypeOf(message.data).toEqualTypeOf<{ why: string }>();
  });

  it('wants the data of the type', () => {
    void bus.publish('order.created', { orderNumber: '1' });
    void bus.publish('tick');
    bus.emit('tick', undefined, { subject: 'clock' });
    // @ts-expect-error it has data
    void bus.publish('order.created');
    // @ts-expect-error it has other data
    void bus.publish('order.created', { paymentId: '1' });
    // @ts-expect-error there is no such type
    bus.emit('order.lost', {});
  });

  it('that says nothing of types takes any', () => {
    anyBus.on('anything.*', (message) => expectTypeOf(message).toEqualTypeOf<Message>());
    void anyBus.publish('anything', { at: 'all' });
  });
});

interface Makes {
  'payment.make': (order: { amount: number }) => Promise<{ paymentId: string }>;
  'payment.cancel': (id: string) => void;
}
declare const commands: Commands<Makes>;

describe('a command dispatcher', () => {
  it('row 97: checks the data and the result', () => {
    expectTypeOf(commands.dispatch('payment.make', { amount: 1 })).resolves.toEqualTypeOf<{ paymentId: string }>();
    commands.handle('payment.make', ({ data }) => ({ paymentId: String(data.amount) }));
    commands.handle('payment.make', async ({ data }) => ({ paymentId: String(data.amount) }));
    // @ts-expect-error the handler gives something else
    commands.handle('payment.make', () => 7);
    // @ts-expect-error it needs other data
    void commands.dispatch('payment.make', { id: 1 });
    // @ts-expect-error there is no such command
    void commands.dispatch('payment.lose', 1);
  });
});

describe('a service without a container', () => {
  interface Order {
    readonly number: string;
  }
  interface OrderServiceDeps {
    readonly bus: Bus<Events>;
    readonly orders: { insert(order: Order): Promise<void> };
    readonly now?: () => number;
  }
  /** What a container does by names, a function does by types. */
  function createOrderService({ bus: own, orders }: OrderServiceDeps): { create(order: Order): Promise<void> } {
    return {
      async create(order) {
        await orders.insert(order);
        await own.publish('order.created', { orderNumber: order.number });
      },
    };
  }
  const orders = { insert: async (): Promise<void> => {} };

  it('row 101: is made of what it needs', () => {
    expectTypeOf(createOrderService({ bus, orders })).toEqualTypeOf<{ create(order: Order): Promise<void> }>();
  });

  it('row 101: does not compile without something that it needs, or with something else', () => {
    // @ts-expect-error orders are missing
    createOrderService({ bus });
    // @ts-expect-error the bus is missing
    createOrderService({ orders });
    // @ts-expect-error these orders cannot be written
    createOrderService({ bus, orders: { find: () => {} } });
    // @ts-expect-error nobody wants a clock of that name
    createOrderService({ bus, orders, clock: Date.now });
  });
});
