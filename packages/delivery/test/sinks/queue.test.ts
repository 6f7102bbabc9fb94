import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import {
  FunctionSink,
  type GivenUpError,
  isSinkClosed,
  Queue,
  QueueFullError,
  SinkClosedError,
} from '../../src/index.ts';
import { Gate } from './gate.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const turns = async (count = 5): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('a queue', () => {
  it('row 59: a thousand concurrent writes arrive in order', async () => {
    const taken: number[] = [];
    const queue = new Queue<number>(
      new FunctionSink(async (n) => {
        // The slow sink of the original's test, a little slower now and then.
        if (n % 100 === 0) await sleep(1);
        taken.push(n);
      }),
    );
    await Promise.all(numbers(1000).map((n) => queue.write(n)));
    expect(await queue.close()).toEqual({ undelivered: 0 });
    expect(taken).toEqual(numbers(1000));
    expect([queue.depth, queue.delivered, queue.dropped]).toEqual([0, 1000, 0]);
  });

  it('row 59: a write never waits for the destination while there is room, and does not run it', async () => {
    const gate = new Gate();
    gate.stick();
    const queue = new Queue(gate, { maxSize: 100 });
    for (const n of numbers(100)) await queue.write(n);
    expect(queue.depth).toBe(100);
    void queue.close({ signal: AbortSignal.abort() });
  });

  it('row 59: one event is with the destination at a time', async () => {
    const gate = new Gate();
    const queue = new Queue(gate);
    await Promise.all(numbers(50).map((n) => queue.write(n)));
    await queue.close();
    expect(gate.mostHeld).toBe(1);
  });

  it('row 59: a full queue lets a writer wait for room, in line, and who gives up leaves the line', async () => {
    const gate = new Gate();
    gate.stick();
    const queue = new Queue(gate, { maxSize: 1 });
    await queue.write(0);
    await turns();
    await queue.write(1);
    const giveUp = new AbortController();
    const ended: number[] = [];
    const writes = [2, 3, 4].map((n) =>
      queue.write(n, n === 3 ? giveUp : {}).then(
        () => ended.push(n),
        () => ended.push(-n),
      ),
    );
    await turns();
    expect([queue.depth, queue.waiting, ended]).toEqual([2, 3, []]);
    giveUp.abort();
    await turns();
    expect([queue.depth, queue.waiting, ended]).toEqual([2, 2, [-3]]);
    gate.unstick();
    await Promise.all(writes);
    await queue.close();
    expect(ended).toEqual([-3, 2, 4]);
    expect(gate.delivered).toEqual([0, 1, 2, 4]);
  });

  it.each([
    ['drop_oldest' as const, [0, 8, 9, 10], [1, 2, 3, 4, 5, 6, 7]],
    ['drop_newest' as const, [0, 1, 2, 3], [4, 5, 6, 7, 8, 9, 10]],
  ])('row 59: a full queue with %s drops, counts and tells', async (onFull, delivered, dropped) => {
    const gate = new Gate();
    gate.stick();
    const told: unknown[] = [];
    const errors: unknown[] = [];
    const queue = new Queue(gate, {
      maxSize: 3,
      onFull,
      onDrop: (n, error) => {
        told.push(n);
        errors.push(error);
      },
    });
    await queue.write(0);
    await turns();
    for (const n of numbers(11).slice(1)) await queue.write(n);
    expect([queue.depth, queue.dropped]).toEqual([4, 7]);
    gate.unstick();
    expect(await queue.close()).toEqual({ undelivered: 0 });
    expect(gate.delivered).toEqual(delivered);
    expect(told).toEqual(dropped);
    expect(errors[0]).toBeInstanceOf(QueueFullError);
    expect(errors[0]).toMatchObject({ code: 'QUEUE_FULL', maxSize: 3 });
    expect(queue.delivered).toBe(4);
  });

  it('row 59: a full queue refuses with an error when told so, and has dropped nothing', async () => {
    const gate = new Gate();
    gate.stick();
    const queue = new Queue(gate, { maxSize: 1, onFull: 'error' });
    await queue.write(0);
    await expect(queue.write(1)).rejects.toBeInstanceOf(QueueFullError);
    gate.unstick();
    await queue.close();
    expect([gate.delivered, queue.dropped]).toEqual([[0], 0]);
  });

  it('row 59: memory is bounded with a destination that never answers', async () => {
    const gate = new Gate<{ n: number; text: string }>();
    gate.stick();
    const queue = new Queue(gate, { maxSize: 100, onFull: 'drop_oldest' });
    const before = process.memoryUsage().heapUsed;
    const total = 200_000;
    for (let n = 0; n < total; n += 1) {
      // Each a megabyte in a thousand: 200 MB if they were kept.
      await queue.write({ n, text: String(n).padStart(1000, 'x') });
      expect(queue.depth).toBeLessThanOrEqual(101);
      if (n % 1000 === 0) await turns(1);
    }
    const grown = process.memoryUsage().heapUsed - before;
    expect(grown).toBeLessThan(100e6);
    expect(queue.dropped + queue.depth).toBe(total);
    expect(await queue.close({ signal: AbortSignal.abort() })).toEqual({ undelivered: total - (queue.dropped - 101) });
  }, 60_000);

  it('row 60: close refuses new events, flushes, then closes the destination and gives its error', async () => {
    const gate = new Gate();
    gate.stick();
    const broken = Object.assign(gate, { close: () => Promise.reject(new Error('cannot close')) });
    const queue = new Queue<number>(broken);
    for (const n of numbers(3)) await queue.write(n);
    const closing = queue.close();
    expect(isSinkClosed(await queue.write(3).catch((error: unknown) => error))).toBe(true);
    gate.unstick();
    await expect(closing).rejects.toThrow('cannot close');
    await expect(queue.close()).rejects.toThrow('cannot close');
    expect(gate.delivered).toEqual([0, 1, 2]);
  });

  it('row 60: with a stuck destination close ends at the deadline, and what is undelivered is counted and told', async () => {
    const gate = new Gate();
    gate.stick();
    const told: unknown[] = [];
    const queue = new Queue(gate, { onDrop: (n, error) => void told.push([n, (error as GivenUpError).code]) });
    for (const n of numbers(4)) await queue.write(n);
    await turns();
    expect(await queue.close({ signal: AbortSignal.timeout(20) })).toEqual({ undelivered: 4 });
    expect(told).toEqual(numbers(4).map((n) => [n, 'GIVEN_UP']));
    expect([queue.depth, queue.dropped, queue.delivered]).toEqual([0, 4, 0]);
  });

  it('row 60: a destination whose close never ends does not hold a closer beyond the deadline', async () => {
    const stuck = new FunctionSink<number>(() => {});
    const foreign = {
      write: (n: number) => stuck.write(n),
      close: () => new Promise<{ undelivered: number }>(() => {}),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const queue = new Queue(new Queue<number>(foreign));
    await queue.write(1);
    expect(await queue.close({ signal: AbortSignal.timeout(20) })).toEqual({ undelivered: 0 });
  });

  it('row 60: all who close share one promise, and its end is said once', async () => {
    const gate = new Gate();
    const queue = new Queue(gate);
    await queue.write(1);
    const first = queue.close();
    expect(queue.close({ signal: new AbortController().signal })).toBe(first);
    await first;
    expect(queue.close()).toBe(first);
    expect(gate.closes).toBe(1);
  });

  it('row 60: a close that fails and that nobody waits for ends no process', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const broken = new FunctionSink<number>(() => {}, {
        close: () => {
          throw new Error('cannot close');
        },
      });
      void new Queue(broken).close();
      await turns();
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('row 60: null and undefined are events like others', async () => {
    const gate = new Gate<unknown>();
    const queue = new Queue(gate);
    for (const event of [null, undefined, 0, '', false, Number.NaN]) await queue.write(event);
    await queue.close();
    expect(gate.delivered).toEqual([null, undefined, 0, '', false, Number.NaN]);
  });

  it('row 61: what the destination refuses is dropped, counted and told, and the next goes on', async () => {
    const refusal = new Error('odd');
    const told: unknown[] = [];
    const taken: number[] = [];
    const queue = new Queue<number>(
      new FunctionSink((n) => {
        if (n % 2 === 1) throw refusal;
        taken.push(n);
      }),
      {
        onDrop: (n, error) => {
          told.push([n, error]);
          throw new Error('a hook that fails');
        },
      },
    );
    for (const n of numbers(6)) await queue.write(n);
    expect(await queue.close()).toEqual({ undelivered: 0 });
    expect(taken).toEqual([0, 2, 4]);
    expect(told).toEqual([1, 3, 5].map((n) => [n, refusal]));
    expect([queue.delivered, queue.dropped]).toEqual([3, 3]);
  });

  it('row 61: when the destination is closed, all that waits is dropped and told, and no more is taken', async () => {
    const behind = new FunctionSink<number>(() => {});
    await behind.close();
    const told: unknown[] = [];
    const queue = new Queue(behind, { onDrop: (n, error) => void told.push([n, error instanceof SinkClosedError]) });
    for (const n of numbers(3)) await queue.write(n);
    await queue.flush();
    expect(told).toEqual(numbers(3).map((n) => [n, true]));
    expect(isSinkClosed(await queue.write(3).catch((error: unknown) => error))).toBe(true);
    expect([queue.depth, queue.dropped]).toEqual([0, 3]);
    expect(await queue.close()).toEqual({ undelivered: 0 });
  });

  it('names everything that is wrong with its options', () => {
    expect(() => new Queue(new Gate(), { maxSize: 0, onFull: 'panic' as never })).toThrow(
      'maxSize must be an integer of at least 1 or Infinity, got 0; ' +
        'onFull must be wait, drop_oldest, drop_newest, error, got panic',
    );
  });
});
