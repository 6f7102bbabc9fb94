import { describe, expect, test } from 'vitest';

import {
  ConcurrentModificationError,
  DeliveryError,
  dispatchAll,
  DispatcherClosedError,
  DuplicateHandlerNameError,
  localDispatcher,
  NoDispatcherError,
  NoEventError,
  NoHandlerFoundError,
  NoTopicError,
  QueueLimitError,
  TimeLimitError,
} from '../../src/index.ts';

const nothing = (): void => undefined;

describe('row 74: every error of the original has a class with a code, and can be met', () => {
  test('row 74: ErrDispatcherNotWorking is DISPATCHER_CLOSED', async () => {
    const dispatcher = localDispatcher({ name: 'jobs' });
    await dispatcher.close();
    const error = await dispatcher.dispatch('orders', 1).catch((refusal: unknown) => refusal);
    expect(error).toBeInstanceOf(DispatcherClosedError);
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({ code: 'DISPATCHER_CLOSED', dispatcher: 'jobs', name: 'DispatcherClosedError' });
    expect(() => dispatcher.register('orders', nothing)).toThrow(DispatcherClosedError);
  });

  test('row 74: ErrNoDispatcherSpecified is NO_DISPATCHER', async () => {
    const refusal = dispatchAll('orders', 1, []);
    await expect(refusal).rejects.toBeInstanceOf(NoDispatcherError);
    await expect(refusal).rejects.toMatchObject({ code: 'NO_DISPATCHER' });
  });

  test('row 74: ErrNoTopicSpecified is NO_TOPIC', async () => {
    const dispatcher = localDispatcher();
    const refusal = dispatcher.dispatch('', 1);
    await expect(refusal).rejects.toBeInstanceOf(NoTopicError);
    await expect(refusal).rejects.toMatchObject({ code: 'NO_TOPIC' });
    expect(() => dispatcher.register('', nothing)).toThrow(NoTopicError);
  });

  test('row 74: ErrNoEventSpecified is NO_EVENT; 0, false and an empty text are events', async () => {
    const dispatcher = localDispatcher();
    dispatcher.register('orders', nothing);
    for (const none of [undefined, null]) {
      const refusal = dispatcher.dispatch('orders', none);
      await expect(refusal).rejects.toBeInstanceOf(NoEventError);
      await expect(refusal).rejects.toMatchObject({ code: 'NO_EVENT', topic: 'orders' });
    }
    for (const event of [0, false, '']) await dispatcher.dispatch('orders', event);
  });

  test('row 74: ErrNoHandlerFound is NO_HANDLER_FOUND', async () => {
    const dispatcher = localDispatcher();
    const refusal = dispatcher.dispatch('orders', 1);
    await expect(refusal).rejects.toBeInstanceOf(NoHandlerFoundError);
    await expect(refusal).rejects.toMatchObject({ code: 'NO_HANDLER_FOUND', topic: 'orders' });
  });

  test('row 74: ErrDuplicateInitialized is DUPLICATE_HANDLER_NAME: nothing is global, only names of handlers clash', async () => {
    const dispatcher = localDispatcher();
    dispatcher.register('orders', nothing, { name: 'mail' });
    const again = (): unknown => dispatcher.register('orders', nothing, { name: 'mail' });
    expect(again).toThrow(DuplicateHandlerNameError);
    expect(again).toThrow(expect.objectContaining({ code: 'DUPLICATE_HANDLER_NAME', handler: 'mail' }));
  });

  test('row 74: ErrMaxQueuedEventsReached is QUEUE_LIMIT, and says what is full', async () => {
    const dispatcher = localDispatcher({ maxQueued: 2, maxQueuedPerTopic: 1 });
    for (const topic of ['a', 'b', 'c']) dispatcher.register(topic, nothing);
    await dispatcher.dispatch('a', 1, { delayMs: 60_000 });
    const ofTopic = await dispatcher.dispatch('a', 2).catch((refusal: unknown) => refusal);
    expect(ofTopic).toBeInstanceOf(QueueLimitError);
    expect(ofTopic).toMatchObject({ code: 'QUEUE_LIMIT', of: 'topic', topic: 'a', limit: 1 });
    await dispatcher.dispatch('b', 1, { delayMs: 60_000 });
    await expect(dispatcher.dispatch('c', 1)).rejects.toMatchObject({
      code: 'QUEUE_LIMIT',
      of: 'dispatcher',
      limit: 2,
    });
  });

  test('row 74: ErrConcurrentModificationEvent is CONCURRENT_MODIFICATION', async () => {
    const dispatcher = localDispatcher();
    dispatcher.register('orders', nothing);
    const first = { order: 1, at: new Date(0) };
    await dispatcher.dispatch('orders', first, { id: '42', delayMs: 60_000 });
    expect(await dispatcher.dispatch('orders', { at: new Date(0), order: 1 }, { id: '42' })).toBe('42');
    const refusal = dispatcher.dispatch('orders', { order: 2 }, { id: '42' });
    await expect(refusal).rejects.toBeInstanceOf(ConcurrentModificationError);
    await expect(refusal).rejects.toMatchObject({ code: 'CONCURRENT_MODIFICATION', topic: 'orders', id: '42' });
  });

  test('row 74: a time limit, which the original never kept, is TIME_LIMIT', async () => {
    const faults: unknown[] = [];
    const dispatcher = localDispatcher({ onError: (error) => faults.push(error) });
    const handler = (_: unknown, { signal }: { readonly signal: AbortSignal }): Promise<void> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    dispatcher.register('orders', handler, { name: 'mail', timeLimitMs: 10, retry: { maxAttempts: 1 } });
    await dispatcher.dispatch('orders', 1);
    await dispatcher.close();
    expect(faults[0]).toBeInstanceOf(TimeLimitError);
    expect(faults).toMatchObject([{ code: 'TIME_LIMIT', handler: 'mail', timeLimitMs: 10 }]);
  });

  test('options that cannot be meant are refused all at once', () => {
    const options = {
      maxQueued: 0,
      maxQueuedPerTopic: 1,
      parallel: 1.5,
      maxDead: -1,
      whenDeadFull: 'panic',
      onDead: 'log',
    };
    expect(() => localDispatcher(options as never)).toThrow(
      'maxQueued must be an integer of at least 1, got 0; parallel must be an integer of at least 1, got 1.5; ' +
        'maxDead must be an integer of at least 0, got -1; whenDeadFull must be drop_oldest or drop_newest, got panic; ' +
        'onDead must be a function, got string',
    );
  });
});
