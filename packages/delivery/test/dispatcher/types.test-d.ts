import { expectTypeOf, test } from 'vitest';

import { dispatchAll, localDispatcher, type Dispatcher } from '../../src/index.ts';

interface Topics {
  readonly 'order.paid': { readonly order: number };
  readonly tick: string;
}

test('row 73: topics and their events are typed', () => {
  const dispatcher = localDispatcher<Topics>();
  dispatcher.register('order.paid', (event, context) => {
    expectTypeOf(event).toEqualTypeOf<{ readonly order: number }>();
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
  });
  void dispatcher.dispatch('tick', 'text');
  // @ts-expect-error a topic that there is not
  void dispatcher.dispatch('order.lost', 'text');
  // @ts-expect-error an event of another topic
  void dispatcher.dispatch('tick', { order: 1 });
  // @ts-expect-error a handler of another event
  dispatcher.register('tick', (event: number) => event);
  const key = ({ order }: { readonly order: number }): string => String(order);
  dispatcher.register('order.paid', () => undefined, {
    exclusive: { key, locks: { run: (_, act) => act({ signal: new AbortController().signal }) } },
  });
});

test('row 85: all dispatchers have to take the event', () => {
  const one = localDispatcher<Topics>();
  const other: Dispatcher<{ tick: string }> = localDispatcher();
  void dispatchAll('tick', 'text', [one, other]);
  // @ts-expect-error the second one has no such topic
  void dispatchAll('order.paid', { order: 1 }, [one, other]);
});
