import { InvalidOptionsError } from '@lockscope/core';
import { describe, expect, it, vi } from 'vitest';

import { createBus } from '../../src/index.ts';

interface Events {
  number: number;
  other: string;
}

describe('a loop over the messages of a bus', () => {
  it('row 96: gets all from the call on, in order, until it is left', async () => {
    const bus = createBus<Events>();
    bus.emit('number', 0);
    const loop = bus.events('number');
    for (const n of [1, 2, 3]) bus.emit('number', n);
    bus.emit('other', 'x');
    const got: number[] = [];
    for await (const { data } of loop) {
      got.push(data);
      if (data < 5) bus.emit('number', data + 3);
      if (got.length === 4) break;
    }
    expect(got).toEqual([1, 2, 3, 4]);
    bus.emit('number', 9);
    expect(bus.stats.unhandled, 'nobody is there any more').toBe(3);
    expect(await loop.next()).toEqual({ done: true, value: undefined });
  });

  it('row 96: several of them get each message each', async () => {
    const bus = createBus<Events>();
    const loops = [bus.events('number'), bus.events('*'), bus.events(['number', 'other'])];
    bus.emit('number', 1);
    for (const loop of loops) expect((await loop.next()).value).toMatchObject({ type: 'number', data: 1 });
  });

  it('that waits gets the next one at once; several waits are served in order', async () => {
    const bus = createBus<Events>();
    const loop = bus.events('number');
    const both = Promise.all([loop.next(), loop.next()]);
    bus.emit('number', 1);
    bus.emit('number', 2);
    expect(await both).toMatchObject([{ value: { data: 1 } }, { value: { data: 2 } }]);
    expect(loop.depth).toBe(0);
  });

  it.each([
    ['drop_oldest', [3, 4], [1, 2]],
    ['drop_newest', [1, 2], [3, 4]],
  ] as const)('that is slow has a bound, and what %s drops is counted and told', async (onFull, kept, dropped) => {
    const onDrop = vi.fn();
    const bus = createBus<Events>({ onDrop });
    const loop = bus.events('number', { capacity: 2, onFull });
    for (const n of [1, 2, 3, 4]) bus.emit('number', n);
    expect(loop).toMatchObject({ depth: 2, dropped: 2 });
    expect(bus.stats.dropped).toBe(2);
    expect(onDrop.mock.calls).toEqual(dropped.map((data) => [expect.objectContaining({ data }), 'full']));
    const got = [await loop.next(), await loop.next()].map(({ value }) => value?.data);
    expect(got).toEqual(kept);
  });

  it('that is left with messages in it tells of them', async () => {
    const onDrop = vi.fn();
    const bus = createBus<Events>({ onDrop });
    const loop = bus.events('number');
    bus.emit('number', 1);
    expect(loop.depth).toBe(1);
    await loop[Symbol.asyncDispose]();
    expect(onDrop.mock.calls).toEqual([[expect.objectContaining({ data: 1 }), 'left']]);
    expect(bus.stats.dropped).toBe(1);
  });

  it('ends with the reason of its signal, and tells of what it had', async () => {
    const onDrop = vi.fn();
    const bus = createBus<Events>({ onDrop });
    const stop = new AbortController();
    const reason = new Error('enough');
    const full = bus.events('number', { signal: stop.signal });
    bus.emit('number', 1);
    const idle = bus.events('number', { signal: stop.signal });
    const waiting = idle.next();
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(full.next()).rejects.toBe(reason);
    expect(onDrop).toHaveBeenCalledTimes(1);
    bus.emit('number', 2);
    expect(bus.stats.unhandled).toBe(1);
    await expect(bus.events('number', { signal: stop.signal }).next()).rejects.toBe(reason);
  });

  it('gets what waits when the bus is closed, and then ends', async () => {
    const bus = createBus<Events>();
    const loop = bus.events('number');
    const idle = bus.events('other');
    const waiting = idle.next();
    for (const n of [1, 2]) bus.emit('number', n);
    const closing = bus.close();
    const got: number[] = [];
    for await (const { data } of loop) got.push(data);
    expect(got).toEqual([1, 2]);
    expect(await waiting).toMatchObject({ done: true });
    expect(await closing).toEqual({ undelivered: 0 });
  });

  it('that nobody runs is given up by a close, counted and told', async () => {
    const onDrop = vi.fn();
    const bus = createBus<Events>({ onDrop });
    const loop = bus.events('number');
    for (const n of [1, 2]) bus.emit('number', n);
    expect(await bus.close({ signal: AbortSignal.abort() })).toEqual({ undelivered: 2 });
    expect(onDrop.mock.calls.map(([, why]: unknown[]) => why)).toEqual(['given_up', 'given_up']);
    expect(await loop.next()).toMatchObject({ done: true });
  });

  it('never has more than its capacity, however much is published', () => {
    const bus = createBus<Events>();
    const loop = bus.events('number');
    for (let n = 0; n < 100_000; n += 1) bus.emit('number', n);
    expect(loop).toMatchObject({ depth: 1000, dropped: 99_000 });
  });

  it('refuses options that cannot be, all at once', () => {
    const bus = createBus<Events>();
    const options = { capacity: 0, onFull: 'wait' as 'drop_oldest' };
    expect(() => bus.events('number', options)).toThrow(
      new InvalidOptionsError([
        'capacity must be an integer of at least 1, got 0',
        'onFull must be drop_oldest or drop_newest, got wait',
      ]),
    );
  });
});
