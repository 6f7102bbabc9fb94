import { decodeEvent, ListenerSet, type Event, type ListenerFault, type WireEvent } from '@lockscope/core';
import { listenerContract } from '@lockscope/testkit';
import { describe, expect, it } from 'vitest';

import { asListener, FunctionSink, pipe, queue, Queue, QueueFullError, retrying } from '../../src/index.ts';
import { Gate } from './gate.ts';

const turns = async (count = 5): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

function tell(set: ListenerSet, count: number): void {
  for (let n = 0; n < count; n += 1) set.begin('lock.inspect', { lockName: 'a', lockKey: `a/${n}` })?.end('ok');
}

describe('a chain as a listener', () => {
  it('row 72: gets every event once it has ended, frozen, in order, in the form that it asked for', async () => {
    const plain = new Gate<Event>();
    const wire = new Gate<WireEvent>();
    const json = new Gate<string>();
    const listeners = [
      asListener(new Queue(plain), { name: 'plain' }),
      asListener(pipe(queue<WireEvent>(), retrying<WireEvent>(), wire), { form: 'wire' }),
      asListener(new Queue(json), { form: 'json' }),
    ];
    const set = new ListenerSet({ listeners });
    tell(set, 100);
    for (const listener of listeners) {
      expect([listener.written, listener.pending, listener.dropped]).toEqual([100, 0, 0]);
      expect(await listener.close()).toEqual({ undelivered: 0 });
    }
    const keys = Array.from({ length: 100 }, (_, n) => `a/${n}`);
    expect(plain.delivered.map(({ lockKey }) => lockKey)).toEqual(keys);
    expect(plain.delivered.every((event) => event.endedAt !== undefined)).toBe(true);
    expect(wire.delivered.map(({ lock_id }) => lock_id)).toEqual(keys);
    expect(json.delivered.map((text) => decodeEvent(text).lockKey)).toEqual(keys);
    expect(set.stats().map(({ name, faults }) => [name, faults])).toEqual([
      ['plain', 0],
      ['sink', 0],
      ['sink#2', 0],
    ]);
  });

  it('wants to hear of what it is told to', async () => {
    const gate = new Gate<Event>();
    const listener = asListener(gate, { types: ['lock'] });
    const set = new ListenerSet({ listeners: [listener] });
    tell(set, 3);
    set.begin('lock', { lockName: 'a', lockKey: 'a' })?.end('released');
    await turns();
    expect(gate.delivered.map(({ type }) => type)).toEqual(['lock']);
  });

  it('what the sink refuses is counted, told, and a fault of the listener; the lock does not notice', async () => {
    const faults: ListenerFault[] = [];
    const told: unknown[] = [];
    const refusing = new FunctionSink<Event>(async ({ lockKey }) => {
      if (lockKey === 'a/1') throw new Error('no');
    });
    const onDrop = ({ lockKey }: Event, error: unknown): void => {
      told.push([lockKey, (error as Error).message]);
      throw new Error('a hook that fails');
    };
    const listener = asListener(refusing, { onDrop });
    const set = new ListenerSet({ listeners: [listener], onListenerError: (fault) => faults.push(fault) });
    tell(set, 3);
    await turns();
    expect(told).toEqual([['a/1', 'no']]);
    expect([listener.written, listener.dropped]).toEqual([2, 1]);
    expect(faults).toMatchObject([{ listener: 'sink', phase: 'on', count: 1 }]);
  });

  it('is bounded before a sink that never answers', async () => {
    const told: unknown[] = [];
    const stuck = new FunctionSink<Event>(() => new Promise(() => {}));
    const listener = asListener(stuck, { maxPending: 10, onDrop: (_, error) => void told.push(error) });
    const set = new ListenerSet({ listeners: [listener], onListenerError: () => {} });
    tell(set, 25);
    expect([listener.pending, listener.dropped, told[0]]).toEqual([10, 15, expect.any(QueueFullError)]);
    await listener.close({ signal: AbortSignal.abort() });
    await turns();
    expect([listener.pending, listener.dropped]).toEqual([0, 25]);
  });

  it('names everything that is wrong with its options', () => {
    expect(() => asListener(new Gate<Event>(), { form: 'toString' as never, maxPending: 0 })).toThrow(
      'form must be event, wire, json, got toString; maxPending must be an integer of at least 1 or Infinity, got 0',
    );
  });
});

const contract = listenerContract({
  mayKeep: 200,
  create: () => {
    const events = new Queue(new FunctionSink<Event>(() => {}), { maxSize: Infinity });
    const listener = asListener(events);
    return { listener, told: () => listener.written + listener.dropped, flush: () => events.flush() };
  },
});

describe('a queue as a listener keeps the contract of listeners', () => {
  for (const { name, run } of contract) it(name, run);
});
