import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Breaker, exponentialBackoff, FunctionSink, Retrying, type BreakerChange, type Sink } from '../../src/index.ts';
import { seeded } from './seeded.ts';

/** A destination that is down until it is mended, and counts how often it was asked at which time. */
class Flaky {
  readonly asked: number[] = [];
  readonly taken: number[] = [];
  down = true;
  /** While set, attempts hang until it resolves. */
  hang: Promise<void> | undefined;
  readonly sink: Sink<number> = new FunctionSink(async (n) => {
    this.asked.push(performance.now());
    const isDown = this.down;
    await this.hang;
    if (isDown) throw new Error('down');
    this.taken.push(n);
  });
}

describe('a breaker', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('row 69: after so many failures in a row nothing is asked for the pause; a success begins the count anew', async () => {
    const flaky = new Flaky();
    const breaker = new Breaker({ threshold: 3, backoffMs: 1000 });
    const sink = new Retrying<number>(flaky.sink, { strategy: breaker, maxAttempts: Infinity });
    const write = sink.write(1);
    await vi.advanceTimersByTimeAsync(999);
    expect(flaky.asked).toHaveLength(3);
    expect([breaker.state, breaker.failures]).toEqual(['open', 3]);
    await vi.advanceTimersByTimeAsync(1);
    expect(flaky.asked).toHaveLength(4);
    expect(breaker.state).toBe('open');
    flaky.down = false;
    await vi.advanceTimersByTimeAsync(1000);
    await write;
    expect(flaky.asked).toHaveLength(5);
    expect([breaker.state, breaker.failures]).toEqual(['closed', 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('row 69: after the pause exactly one is let through, and its end decides for all that wait', async () => {
    const flaky = new Flaky();
    const changes: string[] = [];
    const breaker = new Breaker({
      threshold: 1,
      backoffMs: 1000,
      onStateChange: ({ from, to }: BreakerChange) => {
        changes.push(`${from} > ${to}`);
        throw new Error('a hook that fails');
      },
    });
    const sink = new Retrying<number>(flaky.sink, { strategy: breaker, maxAttempts: Infinity });
    const first = sink.write(0);
    await vi.advanceTimersByTimeAsync(0);
    const others = Array.from({ length: 50 }, (_, n) => sink.write(n + 1));
    await vi.advanceTimersByTimeAsync(999);
    expect(flaky.asked).toHaveLength(1);
    let answer = (): void => {};
    flaky.hang = new Promise((resolve) => (answer = resolve));
    // The one that is let through takes long, and fails.
    await vi.advanceTimersByTimeAsync(5000);
    expect(flaky.asked).toHaveLength(2);
    expect(breaker.state).toBe('half_open');
    answer();
    flaky.hang = undefined;
    await vi.advanceTimersByTimeAsync(999);
    expect(flaky.asked).toHaveLength(2);
    flaky.down = false;
    await vi.advanceTimersByTimeAsync(1);
    await Promise.all([first, ...others]);
    expect(flaky.asked).toHaveLength(2 + 51);
    expect(flaky.taken).toHaveLength(51);
    expect(changes).toEqual([
      'closed > open',
      'open > half_open',
      'half_open > open',
      'open > half_open',
      'half_open > closed',
    ]);
  });

  it('row 69: when the one that was let through is given up by its writer, the next in line goes', async () => {
    const flaky = new Flaky();
    const breaker = new Breaker({ threshold: 1, backoffMs: 1000 });
    const sink = new Retrying<number>(flaky.sink, { strategy: breaker, maxAttempts: Infinity });
    const giveUp = new AbortController();
    const first = sink.write(0, giveUp).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(0);
    const second = sink.write(1);
    flaky.hang = new Promise(() => {});
    await vi.advanceTimersByTimeAsync(1000);
    expect([flaky.asked.length, breaker.state]).toEqual([2, 'half_open']);
    flaky.hang = undefined;
    flaky.down = false;
    giveUp.abort('enough');
    expect(await first).toBe('enough');
    await vi.advanceTimersByTimeAsync(0);
    await second;
    expect([flaky.taken, breaker.state]).toEqual([[1], 'closed']);
  });

  it('row 69: what is known of an attempt from before the last change is too old to count', async () => {
    const flaky = new Flaky();
    const breaker = new Breaker({ threshold: 1, backoffMs: 1000 });
    const sink = new Retrying<number>(flaky.sink, { strategy: breaker, maxAttempts: 1 });
    flaky.down = false;
    let answer = (): void => {};
    flaky.hang = new Promise((resolve) => (answer = resolve));
    const old = sink.write(0);
    await vi.advanceTimersByTimeAsync(0);
    flaky.hang = undefined;
    flaky.down = true;
    await sink.write(1).catch(() => {});
    expect(breaker.state).toBe('open');
    answer();
    await old;
    expect(breaker.state).toBe('open');
  });

  it('row 69: an event that is refused for what it is does not open it', async () => {
    const breaker = new Breaker({ threshold: 1 });
    const refusing = new FunctionSink(() => {
      throw Object.assign(new Error('bad request'), { retryable: false });
    });
    const sink = new Retrying<number>(refusing, { strategy: breaker });
    await expect(sink.write(1)).rejects.toMatchObject({ code: 'RETRIES_EXHAUSTED', attempts: 1 });
    expect(breaker.state).toBe('closed');
  });

  it('names everything that is wrong with its options', () => {
    expect(() => new Breaker({ threshold: 0, backoffMs: -1 })).toThrow(
      'threshold must be an integer of at least 1, got 0; backoffMs must be a number of at least 0, got -1',
    );
  });
});

describe('the tests of the original', () => {
  it.each([
    ['row 69: a breaker', () => new Breaker({ threshold: 3, backoffMs: 10 })],
    ['row 70: exponential back-off', () => exponentialBackoff({ baseMs: 1, factorMs: 1, maxMs: 5, random: seeded(2) })],
  ])(
    '%s: a hundred writes at once over a sink that fails always and then nine times of ten are all delivered',
    async (_, strategy) => {
      const random = seeded(3);
      const taken: number[] = [];
      let asked = 0;
      const sink = new Retrying<number>(
        new FunctionSink((n) => {
          asked += 1;
          if (asked <= 100 || random() < 0.9) throw new Error('flaky');
          taken.push(n);
        }),
        { strategy: strategy(), maxAttempts: Infinity },
      );
      const events = Array.from({ length: 100 }, (__, n) => n);
      await Promise.all(events.map((n) => sink.write(n)));
      await sink.close();
      expect(taken.toSorted((a, b) => a - b)).toEqual(events);
      expect(sink.dropped).toBe(0);
    },
    60_000,
  );
});
