import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { InvalidOptionsError } from '@lockscope/core';
import { expect, it } from 'vitest';

import { FileSink, type FileSinkOptions } from '../src/file/index.ts';
import {
  asListener,
  Breaker,
  bridge,
  Broadcaster,
  brokerDispatcher,
  brokerListener,
  brokerOutput,
  Channel,
  createBus,
  createCommands,
  createMessage,
  decodeMessage,
  dispatchAll,
  Driver,
  exponentialBackoff,
  FunctionSink,
  httpSink,
  localDispatcher,
  lockEvents,
  memoryBroker,
  memorySeen,
  publishMessage,
  Queue,
  relayOutbox,
  Retrying,
  subscribeMessages,
  type AsListenerOptions,
  type BreakerOptions,
  type BridgeIn,
  type BridgeOut,
  type Broker,
  type BrokerDispatcherOptions,
  type BrokerListenerOptions,
  type BrokerOutputOptions,
  type Bus,
  type BusEventsOptions,
  type BusOptions,
  type DispatchOptions,
  type DriverOptions,
  type ExponentialBackoffOptions,
  type HttpSinkOptions,
  type LocalDispatcherOptions,
  type LockEventsOptions,
  type MessageInit,
  type MessageSchemas,
  type OutboxStore,
  type RelayOptions,
  type RetryingOptions,
  type Sink,
  type SubscribeOptions,
  type TopicHandlerOptions,
} from '../src/index.ts';

const surprise: object = { surprise: 1 };
const path = join(tmpdir(), `lockscope-unknown-options-${process.pid}`);
const noop = (): void => {};
const { signal } = new AbortController();

/** What was asked of what stands behind. */
const asked: string[] = [];
const behind = new Proxy({} as Sink<unknown> & Broker & Bus & OutboxStore, {
  get: (_, name) => void asked.push(String(name)),
});
const noBus: Bus = behind;
const called = (): void => void asked.push('called');

const broker = memoryBroker();
const bus = createBus();
const commands = createCommands<{ pay: () => void }>();
commands.handle('pay', called);
const dispatcher = localDispatcher<{ orders: number }>();
dispatcher.register('orders', called);
const overBroker = brokerDispatcher<{ orders: number }>(broker);
const driver = new Driver<{ pay: (of: number) => void }>();
const message = createMessage('paid', 1, { source: 'test' });

const dispatch: Required<Omit<DispatchOptions, 'at'>> = { delayMs: 0, id: 'a', signal };
const exclusive = { key: () => 'a', locks: { run: () => Promise.reject(new Error('not asked')) } };
const handling: Required<TopicHandlerOptions> = {
  name: 'a',
  retry: { maxAttempts: 1, delayMs: () => 0 },
  timeLimitMs: 1,
  parallel: 1,
  exclusive,
};
const subscribing: Required<SubscribeOptions> = {
  group: 'a',
  from: 'new',
  concurrency: 1,
  prefetch: 1,
  maxPending: 10,
  timeoutMs: 1,
  ackWaitMs: 200,
  maxDeliveries: 1,
  retryDelayMs: 1,
  onDead: noop,
  onError: noop,
  signal,
};
const output: Required<BrokerOutputOptions<unknown>> = {
  capacity: 1,
  onFull: 'drop_newest',
  inFlight: 1,
  maxPauseMs: 1,
  onDrop: noop,
  onError: noop,
};
const incoming: Required<BridgeIn<MessageSchemas>> = {
  ...subscribing,
  subject: 'a',
  schemas: {},
  maxBytes: 1,
  onRejected: noop,
};
const outgoing: Required<BridgeOut> = { ...output, subject: 'a', types: '*' };
const init: Required<MessageInit> = {
  source: 'test',
  subject: 'a',
  version: 1,
  causedBy: message,
  correlationId: 'a',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  headers: {},
  id: 'a',
  time: 0,
};

/** Each with every option that there is, so that a known name that is missing shows up, too. */
const cases: Readonly<Record<string, (odd: object) => unknown>> = {
  Queue: (odd) => new Queue(behind, { maxSize: 1, onFull: 'wait', onDrop: noop, ...odd }),
  Channel: (odd) => new Channel({ maxSize: 1, onFull: 'wait', onDrop: noop, ...odd }),
  Broadcaster: (odd) => new Broadcaster([behind], { maxSize: 1, onFull: 'wait', onDrop: noop, ...odd }),
  Breaker: (odd) => {
    const options: Required<BreakerOptions> = { threshold: 1, backoffMs: 1, onStateChange: noop };
    return new Breaker({ ...options, ...odd });
  },
  exponentialBackoff: (odd) => {
    const options: Required<ExponentialBackoffOptions> = { baseMs: 1, factorMs: 1, maxMs: 1, random: Math.random };
    return exponentialBackoff({ ...options, ...odd });
  },
  Retrying: (odd) => {
    const options: Required<RetryingOptions> = {
      strategy: new Breaker(),
      maxAttempts: 1,
      isRetryable: () => true,
      maxRetryAfterMs: 1,
      serial: true,
      signal,
      onRetry: noop,
      onDrop: noop,
    };
    return new Retrying(behind, { ...options, ...odd });
  },
  FunctionSink: (odd) => new FunctionSink(called, { close: called, ...odd }),
  httpSink: (odd) => {
    const options: Required<HttpSinkOptions> = {
      method: 'PUT',
      headers: {},
      encode: () => '',
      timeoutMs: 1,
      init: { anything: 'goes' },
      fetch,
    };
    return httpSink('http://127.0.0.1:1', { ...options, ...odd });
  },
  asListener: (odd) => {
    const options: Required<AsListenerOptions> = { name: 'a', types: [], form: 'event', maxPending: 1, onDrop: noop };
    return asListener(behind, { ...options, ...odd });
  },
  FileSink: (odd) => {
    const options: Required<FileSinkOptions> = {
      path,
      encode: () => '',
      maxBytes: 1,
      maxAgeMs: 1,
      keep: 1,
      fsync: 'never',
      fsyncIntervalMs: 1,
      mode: 0o600,
      onRepair: noop,
      onSyncError: noop,
    };
    return new FileSink({ ...options, ...odd });
  },
  createBus: (odd) => {
    const options: Required<BusOptions> = { source: 'test', onError: noop, onDrop: noop };
    return createBus({ ...options, ...odd });
  },
  'bus.events': (odd) => {
    const options: Required<BusEventsOptions> = { capacity: 1, onFull: 'drop_newest', signal };
    return bus.events('a', { ...options, ...odd });
  },
  'bus.publish': (odd) => bus.publish('a', 1, { ...init, ...odd }),
  'bus.emit': (odd) => bus.emit('a', 1, { ...init, ...odd }),
  createCommands: (odd) => createCommands({ source: 'test', ...odd }),
  'commands.dispatch': (odd) => commands.dispatch('pay', undefined as never, { ...init, ...odd }),
  createMessage: (odd) => createMessage('a', 1, { ...init, ...odd }),
  decodeMessage: (odd) => decodeMessage('no message', { maxBytes: 10, ...odd }),
  localDispatcher: (odd) => {
    const options: Required<LocalDispatcherOptions> = {
      name: 'a',
      maxQueued: 1,
      maxQueuedPerTopic: 1,
      parallel: 1,
      maxDead: 1,
      whenDeadFull: 'drop_newest',
      signal,
      onDead: noop,
      onDrop: noop,
      onError: noop,
    };
    return localDispatcher({ ...options, ...odd });
  },
  brokerDispatcher: (odd) => {
    const options: Required<BrokerDispatcherOptions> = {
      name: 'a',
      elsewhere: [],
      parallel: 1,
      maxDead: 1,
      whenDeadFull: 'drop_newest',
      onDead: noop,
      onDrop: noop,
      onError: noop,
    };
    return brokerDispatcher(behind, { ...options, ...odd });
  },
  'dispatcher.register': (odd) => dispatcher.register('orders', called, { ...handling, ...odd }),
  'dispatcher.register, retry': (odd) =>
    dispatcher.register('orders', called, { ...handling, retry: { ...handling.retry, ...odd } }),
  'dispatcher.register, exclusive': (odd) =>
    overBroker.register('orders', called, { ...handling, exclusive: { ...exclusive, ...odd } }),
  'dispatcher.dispatch': (odd) => dispatcher.dispatch('orders', 1, { ...dispatch, ...odd }),
  'dispatcher.dispatch, at a time': (odd) => overBroker.dispatch('orders', 1, { at: 0, ...odd }),
  dispatchAll: (odd) =>
    dispatchAll('a', 1, [{ name: 'a', dispatch: async () => (called(), 'a') }], { ...dispatch, ...odd }),
  Driver: (odd) => {
    const options: Required<DriverOptions> = {
      capacity: 1,
      timeoutMs: 1,
      onRefused: noop,
      onError: noop,
      onDrop: noop,
    };
    return new Driver({ ...options, ...odd });
  },
  'producer.send': (odd) => driver.producer().send('pay', 1, { headers: {}, signal, ...odd }),
  'producer.request': (odd) => driver.producer().request('pay', 1, { headers: {}, signal, timeoutMs: 1, ...odd }),
  'producer.call': (odd) => driver.producer().call('pay', 1, { headers: {}, signal, timeoutMs: 1, ...odd }),
  'consumer.receive': (odd) => driver.consumer().receive({ signal, ...odd }),
  'consumer.serve': (odd) => driver.consumer().serve({ pay: called }, { concurrency: 1, signal, ...odd }),
  memoryBroker: (odd) => memoryBroker({ capacity: 1, deduplicatesMs: 1, maxBodyBytes: 1, ...odd }),
  'broker.subscribe': (odd) => broker.subscribe('a', called, { ...subscribing, ...odd }),
  'broker.respond': (odd) =>
    broker.respond('a', () => new Uint8Array(), { concurrency: 1, onError: noop, signal, ...odd }),
  brokerOutput: (odd) => brokerOutput(behind, { ...output, ...odd }),
  brokerListener: (odd) => {
    const { capacity: _, ...rest } = output;
    const options: Required<BrokerListenerOptions> = { ...rest, subject: 'a', source: 'a', bufferSize: 1, types: [] };
    return brokerListener(behind, { ...options, ...odd });
  },
  lockEvents: (odd) => {
    const { from, group, ackWaitMs, onError } = subscribing;
    const own = { subject: 'a', maxBytes: 1, onRejected: noop };
    const options: Required<LockEventsOptions> = { from, group, signal, ackWaitMs, onError, ...own };
    return lockEvents(behind, { ...options, ...odd });
  },
  publishMessage: (odd) => publishMessage(behind, 'a', message, { headers: {}, signal, ...odd }),
  subscribeMessages: (odd) => {
    const { subject, ...options } = incoming;
    return subscribeMessages(behind, subject, called, { ...options, ...odd });
  },
  bridge: (odd) => bridge(behind, noBus, { in: incoming, out: outgoing, origin: 'a', ...odd }),
  'bridge, in': (odd) => bridge(behind, noBus, { in: { ...incoming, ...odd }, out: outgoing }),
  'bridge, out': (odd) => bridge(behind, noBus, { in: incoming, out: { ...outgoing, ...odd } }),
  relayOutbox: (odd) => {
    const options: Required<RelayOptions> = { batch: 1, intervalMs: 1, onError: noop, onRefused: noop };
    return relayOutbox(behind, behind, { ...options, ...odd });
  },
  memorySeen: (odd) => memorySeen({ capacity: 1, ...odd }),
};

it.each(Object.entries(cases))('%s refuses an option that there is not, and does nothing', async (_, make) => {
  const error: unknown = await Promise.resolve(surprise)
    .then(make)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidOptionsError);
  expect((error as InvalidOptionsError).problems).toEqual([
    expect.stringMatching(/^there is no option "surprise"; known are \w/),
  ]);
  expect(asked).toEqual([]);
  expect(existsSync(path)).toBe(false);
  expect(bus.stats).toMatchObject({ published: 0, unhandled: 0 });
  expect(dispatcher.counters()).toMatchObject({ accepted: 0 });
  expect(driver.stats).toMatchObject({ sent: 0, requested: 0 });
});

it('is named before what else is wrong, in the same error', () => {
  const wrong = { maxSize: 0, onFull: 'never' as 'wait', ...surprise };
  const problems = [
    'there is no option "surprise"; known are maxSize, onFull, onDrop',
    'maxSize must be an integer of at least 1 or Infinity, got 0',
    expect.stringContaining('got never') as string,
  ];
  for (const make of [() => new Queue(behind, wrong), () => new Broadcaster([], wrong)])
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS', problems }) as Error);
  const listener = { bufferSize: 0, subject: 'a..b', ...surprise };
  expect(() => brokerListener(behind, listener)).toThrow(
    /^there is no option "surprise"; known are .*; subject must be .*; bufferSize must be .*, got 0$/,
  );
});
