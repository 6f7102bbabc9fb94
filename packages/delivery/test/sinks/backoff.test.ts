import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { exponentialBackoff, FunctionSink, Retrying } from '../../src/index.ts';
import { seeded } from './seeded.ts';

describe('exponential back-off', () => {
  it('row 70: waits for nothing when fresh, and again after a success', () => {
    const backoff = exponentialBackoff();
    expect([backoff.failures, backoff.boundMs, backoff.delayMs()]).toEqual([0, 0, 0]);
    for (let n = 0; n < 5; n += 1) backoff.failure(undefined);
    expect(backoff.failures).toBe(5);
    backoff.success();
    expect([backoff.failures, backoff.boundMs, backoff.delayMs()]).toEqual([0, 0, 0]);
  });

  it('row 70: after each of ten failures a thousand waits stay below min(max, base + factor * 2^(n-1)); none is a drop', () => {
    const backoff = exponentialBackoff({ baseMs: 1, factorMs: 1, maxMs: 300, random: seeded(1) });
    for (let n = 1; n <= 10; n += 1) {
      expect(backoff.failure(new Error('again'))).toBe(false);
      const bound = Math.min(300, 1 + 2 ** (n - 1));
      expect(backoff.boundMs).toBe(bound);
      const waits = Array.from({ length: 1000 }, () => backoff.delayMs());
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...waits)).toBeLessThan(bound);
      // Drawn from all of it: a thousand draws leave out neither the first nor the last tenth.
      expect(Math.min(...waits)).toBeLessThan(bound / 10);
      expect(Math.max(...waits)).toBeGreaterThan(bound * 0.9);
    }
  });

  it.each([
    {},
    { baseMs: 0 },
    { baseMs: 0, factorMs: 0 },
    { maxMs: Number.MAX_VALUE, factorMs: Number.MIN_VALUE },
    { factorMs: Number.MAX_VALUE },
    { maxMs: 0 },
  ])('row 70: the bound never falls in ten thousand failures (%j)', (options) => {
    const backoff = exponentialBackoff(options);
    let last = 0;
    const wrong: unknown[] = [];
    for (let n = 1; n <= 10_000; n += 1) {
      backoff.failure(undefined);
      const { boundMs } = backoff;
      const waitMs = backoff.delayMs();
      if (!(boundMs >= last && waitMs >= 0 && waitMs <= boundMs)) wrong.push({ n, last, boundMs, waitMs });
      last = boundMs;
    }
    expect(wrong).toEqual([]);
    expect(last).toBeLessThanOrEqual(options.maxMs ?? 20_000);
  });

  it('row 70: is 1 s, 1 s and 20 s when nothing else is said', () => {
    const backoff = exponentialBackoff();
    const bounds = Array.from({ length: 7 }, () => {
      backoff.failure(undefined);
      return backoff.boundMs;
    });
    expect(bounds).toEqual([2000, 3000, 5000, 9000, 17_000, 20_000, 20_000]);
  });

  it('row 70: the same seed gives the same waits', () => {
    const draw = (seed: number): number[] => {
      const backoff = exponentialBackoff({ random: seeded(seed) });
      return Array.from({ length: 20 }, () => {
        backoff.failure(undefined);
        return backoff.delayMs();
      });
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('names everything that is wrong with its options', () => {
    expect(() => exponentialBackoff({ baseMs: -1, factorMs: Number.NaN, maxMs: Infinity, random: 1 as never })).toThrow(
      'baseMs must be a number of at least 0, got -1; factorMs must be a number of at least 0, got NaN; ' +
        'maxMs must be a number of at least 0, got Infinity; random must be a function, got number',
    );
  });

  describe('under a sink', () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it('row 70: an attempt is made when the wait is over and not before, however long that is', async () => {
      const day = 86_400_000;
      const times: number[] = [];
      const begun = Date.now();
      const sink = new Retrying<number>(
        new FunctionSink(() => {
          times.push(Date.now() - begun);
          if (times.length < 3) throw new Error('again');
        }),
        { strategy: exponentialBackoff({ baseMs: 60 * day, factorMs: 0, maxMs: 60 * day, random: () => 0.5 }) },
      );
      const write = sink.write(1);
      await vi.advanceTimersByTimeAsync(61 * day);
      await write;
      expect(times).toEqual([0, 30 * day, 60 * day]);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('row 70: who gives up while it waits leaves no timer', async () => {
      const failing = new FunctionSink(() => {
        throw new Error('again');
      });
      const sink = new Retrying<number>(failing, { strategy: exponentialBackoff({ random: () => 0.5 }) });
      const giveUp = new AbortController();
      const write = sink.write(1, giveUp).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(100);
      expect(vi.getTimerCount()).toBe(1);
      giveUp.abort('enough');
      expect(await write).toBe('enough');
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});
