import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { AnswerLimit } from '../src/answer-limit.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new Promise<never>(() => undefined);

async function failedAt(answer: Promise<unknown>): Promise<number> {
  const outcome = answer.then(
    () => 'an answer',
    (error: Error) => error.message,
  );
  expect(await outcome).toBe('there was no answer for 100 ms');
  return performance.now();
}

describe('the time that answers have', () => {
  it('counts from each question, whatever was asked before and has its answer', async () => {
    const limit = new AnswerLimit(100);
    const began = performance.now();
    await expect(limit.keep(Promise.resolve('at once'))).resolves.toBe('at once');
    await vi.advanceTimersByTimeAsync(40);
    const first = failedAt(limit.keep(never));
    await vi.advanceTimersByTimeAsync(50);
    const second = failedAt(limit.keep(never));
    await vi.advanceTimersByTimeAsync(200);
    expect([(await first) - began, (await second) - began]).toEqual([140, 190]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not change what an answer is, and leaves a failure to who asked', async () => {
    const limit = new AnswerLimit(100);
    await expect(limit.keep(Promise.resolve(7))).resolves.toBe(7);
    await expect(limit.keep(Promise.reject(new Error('no such thing')))).rejects.toThrow('no such thing');
    await vi.advanceTimersByTimeAsync(200);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes one timer for as many as there are', async () => {
    const limit = new AnswerLimit(100);
    const all = Array.from({ length: 50 }, () => failedAt(limit.keep(never)));
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    await Promise.all(all);
    expect(vi.getTimerCount()).toBe(0);
  });
});
