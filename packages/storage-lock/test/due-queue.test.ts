import type { Timer } from '@lockscope/storage';
import { FakeClock } from '@lockscope/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Due, DueQueue } from '../src/due-queue.ts';

class Item extends Due {
  readonly fired: number[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    super();
    this.#clock = clock;
  }

  due(): void {
    this.fired.push(this.#clock.monotonic());
  }
}

/** Knows whether one of its timers keeps the process alive. */
class RefClock extends FakeClock {
  readonly #kept = new Set<Timer>();

  override setTimeout(run: () => void, ms: number): Timer {
    const inner = super.setTimeout(() => {
      this.#kept.delete(timer);
      run();
    }, ms);
    const timer: Timer & { readonly inner: Timer } = {
      inner,
      ref: () => this.#kept.add(timer),
      unref: () => this.#kept.delete(timer),
    };
    this.#kept.add(timer);
    return timer;
  }

  override clearTimeout(timer: Timer): void {
    this.#kept.delete(timer);
    super.clearTimeout((timer as Timer & { readonly inner: Timer }).inner);
  }

  get isKept(): boolean {
    return this.#kept.size > 0;
  }
}

describe('the queue of what falls due', () => {
  it('calls each at its moment and no other, whatever was moved or taken out before', async () => {
    const move = fc.record({ item: fc.nat(9), at: fc.option(fc.integer({ min: 0, max: 50 })), pass: fc.nat(20) });
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 60 }), async (moves) => {
        const clock = new FakeClock();
        const queue = new DueQueue(clock);
        const items = Array.from({ length: 10 }, () => new Item(clock));
        const expected = items.map((): number[] => []);
        const planned = new Map<number, number>();
        const expire = (now: number): void => {
          for (const [item, at] of planned) {
            if (at > now) continue;
            expected[item]?.push(at);
            planned.delete(item);
          }
        };
        for (const { item, at, pass } of moves) {
          const due = items[item] ?? new Item(clock);
          // A timer waits a millisecond at least.
          const moment = clock.monotonic() + 1 + (at ?? 0);
          if (at === null) queue.delete(due);
          else queue.set(due, moment);
          if (at === null) planned.delete(item);
          else planned.set(item, moment);
          await clock.advance(pass);
          expire(clock.monotonic());
        }
        await clock.advance(100);
        expire(clock.monotonic());
        expect(items.map(({ fired }) => fired)).toEqual(expected);
        expect([queue.size, clock.timers]).toEqual([0, 0]);
      }),
      { numRuns: 200 },
    );
  });

  it('calls one that is due again at once in the next pass, so that it cannot keep the event loop for itself', async () => {
    const clock = new FakeClock();
    const queue = new DueQueue(clock);
    class Eager extends Due {
      calls = 0;
      due(now: number): void {
        this.calls += 1;
        if (this.calls < 1000) queue.set(this, now);
      }
    }
    const eager = new Eager();
    eager.earlyMs = 5;
    queue.set(eager, 10);
    await clock.advance(10);
    expect(eager.calls).toBeLessThan(20);
    queue.delete(eager);
    queue.stop();
  });

  it('calls together what may be called early', async () => {
    const clock = new FakeClock();
    const passes: string[] = [];
    const queue = new DueQueue(clock, { begins: () => passes.push('begins'), ends: () => passes.push('ends') });
    const items = [0, 1, 2, 3].map(() => new Item(clock));
    items.forEach((item, n) => {
      item.earlyMs = 10;
      queue.set(item, 100 + 5 * n);
    });
    await clock.advance(200);
    expect(items.map(({ fired }) => fired)).toEqual([[100], [100], [100], [115]]);
    expect(passes).toEqual(['begins', 'ends', 'begins', 'ends']);
  });

  it('keeps the process alive while one is in it that does, also one that is never due', async () => {
    const clock = new RefClock();
    const queue = new DueQueue(clock);
    const [plain, keeping, endless] = [new Item(clock), new Item(clock), new Item(clock)];
    keeping.keepsAlive = true;
    endless.keepsAlive = true;
    const alive: boolean[] = [];
    const look = async (ms = 0): Promise<void> => {
      await clock.advance(ms);
      alive.push(clock.isKept);
    };
    queue.set(plain, 100);
    await look();
    queue.set(keeping, 50);
    await look();
    queue.set(endless, Infinity);
    await look();
    await look(50);
    queue.delete(endless);
    await look();
    queue.delete(plain);
    queue.set(endless, Infinity);
    await look();
    queue.delete(endless);
    await look();
    expect(alive).toEqual([false, true, true, true, false, true, false]);
    expect([plain.fired, keeping.fired, endless.fired]).toEqual([[], [50], []]);
  });

  it('keeps one timer, however much waits', async () => {
    const clock = new FakeClock();
    const queue = new DueQueue(clock);
    const items = Array.from({ length: 100 }, (_, n) => {
      const item = new Item(clock);
      queue.set(item, 1000 - n);
      return item;
    });
    await clock.advance(0);
    expect(clock.timers).toBe(1);
    await clock.advance(1000);
    expect(items.map(({ fired }) => fired[0])).toEqual(items.map((_, n) => 1000 - n));
  });
});
