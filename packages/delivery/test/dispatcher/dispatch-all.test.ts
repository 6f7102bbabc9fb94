import { expect, test } from 'vitest';

import { dispatchAll, DispatchAllError, localDispatcher } from '../../src/index.ts';

function taking(name: string, order: string[], error?: Error) {
  return {
    name,
    dispatch: async (_topic: string, event: unknown, options: { id?: string | undefined } = {}): Promise<string> => {
      order.push(name);
      if (error !== undefined) throw error;
      return `${name} ${String(event)} ${String(options.id)}`;
    },
  };
}

test('row 85: all dispatchers get the event, in the order of the argument, with one id', async () => {
  const order: string[] = [];
  const ids: string[] = [];
  const local = localDispatcher<{ orders: number }>();
  local.register('orders', (_, { id }) => void ids.push(id));
  const id = await dispatchAll('orders', 1, [taking('a', order), taking('b', order), local, taking('c', order)]);
  await local.close();
  expect(order).toEqual(['a', 'b', 'c']);
  expect(ids).toEqual([id]);
});

test('row 85: those that fail are all named, and the others have the event', async () => {
  const order: string[] = [];
  const gone = new Error('gone');
  const local = localDispatcher({ name: 'closed' });
  await local.close();
  const error = await dispatchAll(
    'orders',
    1,
    [taking('a', order, gone), taking('b', order), local, taking('c', order)],
    {
      id: '42',
    },
  ).catch((thrown: unknown) => thrown as DispatchAllError);
  expect(error).toBeInstanceOf(DispatchAllError);
  expect(error).toBeInstanceOf(AggregateError);
  expect(error).toMatchObject({
    code: 'DISPATCH_ALL',
    id: '42',
    failed: [
      { index: 0, dispatcher: 'a', error: gone },
      { index: 2, dispatcher: 'closed', error: { code: 'DISPATCHER_CLOSED' } },
    ],
    message:
      '2 of 4 dispatchers did not take the event: a (argument 0): gone; closed (argument 2): the dispatcher closed is closed',
  });
  expect((error as DispatchAllError).errors[0]).toBe(gone);
  expect(order).toEqual(['a', 'b', 'c']);
});

test('row 85: a dispatcher that throws instead of rejecting, or never answers in time, keeps nobody else from it', async () => {
  const order: string[] = [];
  const throwing = {
    name: 'throws',
    dispatch: (): Promise<string> => {
      throw new Error('at once');
    },
  };
  await expect(dispatchAll('orders', 1, [throwing, taking('b', order)])).rejects.toMatchObject({
    failed: [{ index: 0, dispatcher: 'throws' }],
  });
  const silent = { name: 'silent', dispatch: (): Promise<string> => new Promise(() => undefined) };
  void dispatchAll('orders', 1, [silent, taking('c', order)]);
  await Promise.resolve();
  expect(order).toEqual(['b', 'c']);
});
