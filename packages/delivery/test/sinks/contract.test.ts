import { closableContract, type ClosableSetup, type Contract } from '@lockscope/testkit';
import { describe, it } from 'vitest';

import {
  Broadcaster,
  Channel,
  Filter,
  FunctionSink,
  isSinkClosed,
  pipe,
  queue,
  Queue,
  retrying,
  Retrying,
  streamSink,
  type ChannelOptions,
  type Sink,
} from '../../src/index.ts';
import { closableOf } from './closable.ts';
import { Gate } from './gate.ts';

/** A channel and somebody who reads it into a destination that can be stuck. */
function channelOf(options?: ChannelOptions<number>): () => ClosableSetup {
  return () => {
    const gate = new Gate();
    const subject = new Channel<number>(options);
    const read = async (): Promise<void> => {
      for await (const event of subject) await gate.write(event);
    };
    void read();
    return {
      subject,
      put: (n) => subject.write(n),
      putAny: (value) => subject.write(value as number),
      delivered: () => gate.delivered,
      stick: gate.stick,
      unstick: gate.unstick,
      inside: gate.inside,
      isClosedError: (error) => isSinkClosed(error),
    };
  };
}

/** A sink that commits at once what is behind it: who writes is told when a closer gives up, by the closer's reason. */
const passing = (make: (gate: Gate) => Sink<number>): (() => ClosableSetup) => {
  const create = closableOf(make);
  return (): ClosableSetup => ({
    ...create(),
    isClosedError: (error) => isSinkClosed(error) || (error as Error).name === 'AbortError',
  });
};

const contracts: Record<string, Contract> = {
  'a queue': closableContract({ create: closableOf((gate) => new Queue(gate)) }),
  'a queue that is full': closableContract({ create: closableOf((gate) => new Queue(gate, { maxSize: 1 })) }),
  'a queue before a queue': closableContract({
    concurrency: 2,
    create: closableOf((gate) => new Queue(new Queue(gate, { maxSize: 2 }), { maxSize: 2 })),
  }),
  'a broadcaster': closableContract({ create: closableOf((gate) => new Broadcaster([gate])) }),
  'a broadcaster that is full': closableContract({
    create: closableOf((gate) => new Broadcaster([gate], { maxSize: 1 })),
  }),
  'a channel': closableContract({ create: channelOf() }),
  'a channel without a buffer': closableContract({ create: channelOf({ maxSize: 0 }) }),
  'a function': closableContract({
    concurrency: Infinity,
    create: passing((gate) => new FunctionSink<number>((n) => gate.write(n), { close: () => gate.close() })),
  }),
  'a stream': closableContract({
    concurrency: Infinity,
    create: passing((gate) => streamSink(new WritableStream<number>({ write: (n) => gate.write(n) }))),
  }),
  'a filter': closableContract({ concurrency: Infinity, create: passing((gate) => new Filter(gate, () => true)) }),
  'a filter that takes its time': closableContract({
    concurrency: Infinity,
    create: passing((gate) => new Filter(gate, () => Promise.resolve(true))),
  }),
  'a sink that retries': closableContract({ concurrency: Infinity, create: passing((gate) => new Retrying(gate)) }),
  'a sink that retries one event at a time': closableContract({
    concurrency: Infinity,
    create: passing((gate) => new Retrying(gate, { serial: true })),
  }),
  'a chain': closableContract({
    concurrency: 3,
    create: closableOf((gate) =>
      pipe(queue<number>({ maxSize: 2 }), retrying<number>(), new Broadcaster([new Queue(gate)])),
    ),
  }),
};

for (const [name, contract] of Object.entries(contracts)) {
  describe(`row 58: ${name} keeps what everything promises that can be closed`, () => {
    for (const { name: promise, run } of contract) it(promise, run);
  });
}
