import { closableContract, type ClosableSetup, type Contract } from '@lockscope/testkit';
import { describe, test } from 'vitest';

import {
  bridge,
  type Broker,
  brokerOutput,
  createBus,
  createMessage,
  memoryBroker,
  type SubscribeOptions,
} from '../../src/index.ts';
import { Gate } from '../sinks/gate.ts';
import { bytes } from './schemas.ts';

const numberIn = (body: Uint8Array): number => Number(new TextDecoder().decode(body));

/** A broker whose events go to a destination that can be stuck. */
function subscribed(options: SubscribeOptions): () => ClosableSetup {
  return () => {
    const gate = new Gate();
    const subject = memoryBroker();
    subject.subscribe('a', ({ body }) => gate.write(numberIn(body)), options);
    return {
      subject,
      put: (n) => subject.publish('a', bytes(String(n))),
      delivered: () => gate.delivered,
      stick: gate.stick,
      unstick: gate.unstick,
      inside: gate.inside,
      isClosedError: (error) => (error as { code?: unknown }).code === 'BROKER_CLOSED',
    };
  };
}

/** A broker that is a destination that can be stuck. */
function stickyBroker(gate: Gate, numberOf: (body: Uint8Array) => number): Broker {
  const publish: Broker['publish'] = async (_subject, body) => {
    await gate.write(numberOf(body));
    return { position: undefined, duplicate: false };
  };
  return Object.assign(Object.create(memoryBroker()) as Broker, { publish });
}

class RefusedError extends Error {}

const output = (inFlight: number) => (): ClosableSetup => {
  const gate = new Gate();
  const subject = brokerOutput(stickyBroker(gate, numberIn), { inFlight });
  return {
    subject,
    put: async (n) => {
      if (!subject.push({ subject: 'a', body: bytes(String(n)) })) throw new RefusedError();
    },
    delivered: () => gate.delivered,
    stick: gate.stick,
    unstick: gate.unstick,
    inside: gate.inside,
    isClosedError: (error) => error instanceof RefusedError,
  };
};

const contracts: Record<string, Contract> = {
  'a broker in memory with a subscription': closableContract({ create: subscribed({}) }),
  'a broker in memory with a group': closableContract({ create: subscribed({ group: 'one' }) }),
  'a broker in memory with several handlers at a time': closableContract({
    create: subscribed({ concurrency: 3 }),
    concurrency: 3,
    ordered: false,
  }),
  'an output, one at a time': closableContract({ create: output(1) }),
  'an output': closableContract({ create: output(4), concurrency: 4 }),
};

for (const [name, contract] of Object.entries(contracts)) {
  describe(`${name} keeps what everything promises that can be closed`, () => {
    for (const { name: promise, run } of contract) test(promise, run);
  });
}

describe('a bridge', () => {
  test('closes its side only, and sends what was accepted before', async ({ expect }) => {
    const broker = memoryBroker();
    const bus = createBus<{ a: number }>();
    const heard: string[] = [];
    broker.subscribe('out', ({ headers }) => heard.push(headers['content-type'] ?? ''));
    const edge = bridge(broker, bus, { out: { subject: 'out', types: 'a' } });
    await bus.publish(createMessage('a', 1, { source: 'x' }));
    expect(await edge.close()).toEqual({ undelivered: 0 });
    await bus.publish('a', 2);
    await broker.close();
    expect(heard).toEqual(['application/cloudevents+json']);
  });
});
