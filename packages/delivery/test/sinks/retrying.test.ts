import { describe, expect, it } from 'vitest';

import {
  exponentialBackoff,
  FunctionSink,
  isSinkClosed,
  Queue,
  RetriesExhaustedError,
  Retrying,
  SinkClosedError,
  type ExponentialBackoff,
} from '../../src/index.ts';
import { Gate } from './gate.ts';

const turns = async (count = 5): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const atOnce = (): ExponentialBackoff => exponentialBackoff({ maxMs: 0 });

/** A sink that fails each event so many times before it takes it. */
function failing(times: (n: number) => number, error: (n: number) => unknown = () => new Error('again')) {
  const taken: number[] = [];
  const asked = new Map<number, number>();
  const sink = new FunctionSink<number>((n) => {
    asked.set(n, (asked.get(n) ?? 0) + 1);
    if ((asked.get(n) ?? 0) <= times(n)) throw error(n);
    taken.push(n);
  });
  return { sink, taken, asked };
}

describe('a sink that retries', () => {
  it('row 68: tries until it succeeds, and tells of each attempt that failed', async () => {
    const { sink, taken, asked } = failing(() => 3);
    const told: unknown[] = [];
    const onRetry = (n: number, error: unknown, attempt: number): void => {
      told.push([n, (error as Error).message, attempt]);
      throw new Error('a hook that fails');
    };
    const retrying = new Retrying(sink, { strategy: atOnce(), onRetry });
    await retrying.write(7);
    expect([taken, asked.get(7)]).toEqual([[7], 4]);
    expect(told).toEqual([1, 2, 3].map((attempt) => [7, 'again', attempt]));
    expect([retrying.attempts, retrying.retries, retrying.dropped, retrying.inFlight]).toEqual([4, 3, 0, 0]);
  });

  it('row 68: an event that cannot succeed is given up after the limit, and its writer is told', async () => {
    const { sink, asked } = failing(() => Infinity);
    const retrying = new Retrying(sink, { strategy: atOnce(), maxAttempts: 3 });
    const error = await retrying.write(1).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RetriesExhaustedError);
    expect(error).toMatchObject({
      code: 'RETRIES_EXHAUSTED',
      attempts: 3,
      cause: new Error('again'),
      retryable: false,
    });
    expect([asked.get(1), retrying.dropped]).toEqual([3, 1]);
  });

  it('row 68: without a limit that was set there is one, so that one event cannot block a queue for ever', async () => {
    const { sink, taken, asked } = failing((n) => (n === 1 ? Infinity : 0));
    const queue = new Queue(new Retrying(sink, { strategy: atOnce() }));
    for (const n of [0, 1, 2]) await queue.write(n);
    expect(await queue.close()).toEqual({ undelivered: 0 });
    expect([taken, asked.get(1), queue.dropped]).toEqual([[0, 2], 10, 1]);
  });

  it('row 68: onDrop takes over what is given up; when it throws, the writer keeps it', async () => {
    const { sink } = failing(() => Infinity);
    const dropped: unknown[] = [];
    const retrying = new Retrying(sink, {
      strategy: atOnce(),
      maxAttempts: 2,
      onDrop: (n, { attempts }) => {
        if (n === 2) throw new Error('the place for dead letters is full');
        dropped.push([n, attempts]);
      },
    });
    await retrying.write(1);
    await expect(retrying.write(2)).rejects.toBeInstanceOf(RetriesExhaustedError);
    expect(dropped).toEqual([[1, 2]]);
    expect(retrying.dropped).toBe(2);
  });

  it('row 68: what cannot be mended is not tried again', async () => {
    const { sink, asked } = failing(
      () => Infinity,
      (n) => Object.assign(new Error('bad'), { retryable: n === 1 }),
    );
    const retrying = new Retrying(sink, { strategy: atOnce(), maxAttempts: 4 });
    for (const n of [1, 2]) await retrying.write(n).catch(() => {});
    expect([asked.get(1), asked.get(2)]).toEqual([4, 1]);
    const own = new Retrying(sink, { strategy: atOnce(), maxAttempts: 4, isRetryable: (_, n) => n === 4 });
    for (const n of [3, 4]) await own.write(n).catch(() => {});
    expect([asked.get(3), asked.get(4)]).toEqual([1, 4]);
  });

  it('row 68: a strategy may drop; a sink that is closed is not asked again', async () => {
    const { sink, asked } = failing(() => Infinity);
    const leave = { success: () => {}, failure: () => true, abandon: () => {} };
    await expect(new Retrying(sink, { strategy: { proceed: () => leave } }).write(1)).rejects.toMatchObject({
      attempts: 1,
    });
    expect(asked.get(1)).toBe(1);
    let tries = 0;
    const closed = new FunctionSink<number>(() => {
      tries += 1;
      throw new SinkClosedError();
    });
    const retrying = new Retrying(closed, { strategy: atOnce() });
    expect(isSinkClosed(await retrying.write(1).catch((error: unknown) => error))).toBe(true);
    expect([tries, retrying.dropped]).toEqual([1, 0]);
  });

  it('row 68: calls run side by side, or one at a time and in order when told so', async () => {
    for (const serial of [false, true]) {
      const gate = new Gate();
      gate.stick();
      const retrying = new Retrying(gate, { serial });
      const writes = Array.from({ length: 20 }, (_, n) => retrying.write(n));
      await turns();
      expect(gate.held).toBe(serial ? 1 : 20);
      gate.unstick();
      await Promise.all(writes);
      expect(gate.delivered).toEqual(Array.from({ length: 20 }, (_, n) => n));
      expect(gate.mostHeld).toBe(serial ? 1 : 20);
    }
  });

  it('row 68: one at a time stays so when somebody in the line gives up, and an event that fails holds back the next', async () => {
    const { sink, taken } = failing((n) => (n === 0 ? 2 : 0));
    const gate = new Gate();
    gate.stick();
    const both = new FunctionSink<number>(async (n) => {
      await gate.write(n);
      await sink.write(n);
    });
    const retrying = new Retrying(both, { serial: true, strategy: atOnce() });
    const giveUp = new AbortController();
    const writes = [0, 1, 2].map((n) => retrying.write(n, n === 1 ? giveUp : {}).catch((error: unknown) => error));
    await turns();
    giveUp.abort('enough');
    await turns();
    expect(gate.held).toBe(1);
    gate.unstick();
    expect(await Promise.all(writes)).toEqual([undefined, 'enough', undefined]);
    expect([taken, gate.mostHeld]).toEqual([[0, 2], 1]);
  });

  it('row 68: it closes the sink behind it, and its signal ends it with whatever is under way', async () => {
    const gate = new Gate();
    gate.stick();
    const stop = new AbortController();
    const retrying = new Retrying(gate, { signal: stop.signal });
    const write = retrying.write(1).catch((error: unknown) => error);
    await turns();
    stop.abort('shutting down');
    expect(await write).toBe('shutting down');
    expect(isSinkClosed(await retrying.write(2).catch((error: unknown) => error))).toBe(true);
    expect(await retrying.close()).toEqual({ undelivered: 0 });
    expect(gate.closes).toBe(1);
  });

  it('names everything that is wrong with its options', () => {
    expect(() => new Retrying(new Gate(), { maxAttempts: 0, maxRetryAfterMs: -1, strategy: {} as never })).toThrow(
      'maxAttempts must be an integer of at least 1 or Infinity, got 0; ' +
        'maxRetryAfterMs must be a number of at least 0, got -1; strategy must have proceed()',
    );
  });
});
