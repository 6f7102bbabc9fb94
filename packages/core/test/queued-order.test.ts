import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { ListenerSet, queued, type Event, type Listener } from '../src/index.ts';
import { HandClock } from './hand-clock.ts';
import { Heard } from './heard.ts';
import { orders, tellPossession } from './possession.ts';

function end(set: ListenerSet, lockKey = 'a'): void {
  set.begin('lock.inspect', { lockName: 'a', lockKey })?.end('ok');
}

describe('a listener behind a queue', () => {
  it('hears what it would hear without one, in the same order', async () => {
    const [direct, behind] = [new Heard(), new Heard()];
    const queue = queued(behind);
    const clock = new HandClock();
    tellPossession(new ListenerSet({ listeners: [direct, queue], clock }), clock);
    expect(behind.lines).toEqual([]);
    await queue.flush();
    expect(behind.lines).toEqual(direct.lines);
    expect(behind.ended).toEqual(direct.ended);
  });

  it('is told one at a time, however long it takes', async () => {
    const told: string[] = [];
    let running = 0;
    const slow: Listener = {
      name: 'slow',
      async on({ lockKey }) {
        running += 1;
        expect(running).toBe(1);
        await nextTurn();
        told.push(lockKey);
        running -= 1;
      },
    };
    const queue = queued(slow);
    const set = new ListenerSet({ listeners: [queue] });
    for (const key of ['a', 'b', 'c']) end(set, key);
    await queue.flush();
    expect(told).toEqual(['a', 'b', 'c']);
  });

  it('keeps the name, the types and only the methods of the listener', () => {
    const queue = queued({ name: 'picky', types: ['lock.inspect'], on: () => {} });
    const { name, types } = queue;
    expect({ name, types }).toEqual({ name: 'picky', types: ['lock.inspect'] });
    expect([typeof queue.on, typeof queue.onStart, typeof queue.onAction]).toEqual([
      'function',
      'undefined',
      'undefined',
    ]);
    const set = new ListenerSet({ listeners: [queue] });
    expect(set.begin('lock', orders)).toBeUndefined();
    expect(set.stats()).toEqual([{ name: 'picky', faults: 0 }]);
  });

  it('sees an event as it is when its turn comes', async () => {
    const outcomes: unknown[] = [];
    const queue = queued({ name: 'late', onStart: ({ outcome }) => void outcomes.push(outcome) });
    end(new ListenerSet({ listeners: [queue] }));
    await queue.flush();
    expect(outcomes).toEqual(['ok']);
  });

  it('hears nothing in the turn of the caller: a busy listener keeps nobody waiting', async () => {
    let busy = 0;
    const queue = queued({
      name: 'busy',
      on() {
        busy += 1;
        const until = performance.now() + 10;
        while (performance.now() < until);
      },
    });
    const set = new ListenerSet({ listeners: [queue] });
    for (let n = 0; n < 5; n += 1) end(set);
    await Promise.resolve();
    expect(busy, 'not even after the microtasks of this turn').toBe(0);
    expect(queue.depth).toBe(5);
    await queue.flush();
    expect(busy).toBe(5);
    expect(queue.depth).toBe(0);
  });

  it('gives other work its turn after 64 deliveries', async () => {
    let told = 0;
    const queue = queued({ name: 'eager', on: () => void (told += 1) });
    const set = new ListenerSet({ listeners: [queue] });
    for (let n = 0; n < 200; n += 1) end(set);
    const seen: number[] = [];
    while (queue.depth > 0) {
      await nextTurn();
      seen.push(told);
    }
    expect(seen).toEqual([64, 128, 192, 200]);
  });

  it('keeps its order over many thousands', async () => {
    const told: Event[] = [];
    const queue = queued({ name: 'many', on: (event) => void told.push(event) }, { capacity: 20_000 });
    const set = new ListenerSet({ listeners: [queue] });
    for (let n = 0; n < 20_000; n += 1) end(set, `k${n}`);
    await queue.flush();
    expect(told.map(({ lockKey }) => lockKey)).toEqual(Array.from({ length: 20_000 }, (_, n) => `k${n}`));
    expect(queue.dropped).toBe(0);
  });
});

describe('flush()', () => {
  it('ends at once when nothing waits', async () => {
    await queued({ name: 'idle', on: () => {} }).flush();
  });

  it('waits for the delivery that is on its way', async () => {
    let settle = (): void => {};
    const queue = queued({ name: 'slow', on: () => new Promise<void>((resolve) => (settle = resolve)) });
    end(new ListenerSet({ listeners: [queue] }));
    await nextTurn();
    await nextTurn();
    expect(queue.depth).toBe(0);
    let flushed = false;
    const flush = queue.flush().then(() => (flushed = true));
    await nextTurn();
    expect(flushed).toBe(false);
    settle();
    await flush;
  });

  it('does not wait for what comes later, so it ends under steady load', async () => {
    let told = 0;
    const queue = queued({
      name: 'echo',
      on: async () => {
        told += 1;
        // Each delivery makes the next one: without an end, the queue never runs empty.
        end(set);
        await nextTurn();
      },
    });
    const set = new ListenerSet({ listeners: [queue] });
    end(set);
    end(set);
    await queue.flush();
    // The third may be on its way by the time that the test goes on.
    expect([2, 3]).toContain(told);
    await queue.close({ timeoutMs: 0 });
  });

  it('may be called by several at once', async () => {
    const queue = queued(new Heard());
    end(new ListenerSet({ listeners: [queue] }));
    await Promise.all([queue.flush(), queue.flush()]);
    expect(queue.depth).toBe(0);
  });
});
