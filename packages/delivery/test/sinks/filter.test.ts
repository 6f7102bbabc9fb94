import { describe, expect, it } from 'vitest';

import { Filter, PredicateError, Queue } from '../../src/index.ts';
import { Gate } from './gate.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a filter', () => {
  it('row 66: lets through what its predicate wants, and closes what is behind once', async () => {
    const gate = new Gate();
    const sink = new Filter<number>(gate, (n) => n % 2 === 0);
    for (const n of numbers(100)) await sink.write(n);
    await sink.close();
    await sink.close();
    expect(gate.delivered).toEqual(numbers(50).map((n) => n * 2));
    expect([gate.closes, sink.skipped]).toEqual([1, 50]);
  });

  it('row 66: what is behind refuses in its own words', async () => {
    const gate = new Gate();
    gate.inside(() => {
      throw new RangeError('not this one');
    });
    const sink = new Filter<number>(gate, () => true);
    await expect(sink.write(1)).rejects.toThrow(new RangeError('not this one'));
    await sink.write(2);
  });

  it('row 66: a predicate that takes its time changes no order', async () => {
    const gate = new Gate();
    const answers: ((wanted: boolean) => void)[] = [];
    const sink = new Filter<number>(gate, (n) =>
      n % 2 === 0 ? new Promise((resolve) => answers.push(resolve)) : n !== 5,
    );
    const writes = numbers(7).map((n) => sink.write(n));
    // Answered backwards, and one with no.
    for (const [at, answer] of [...answers.entries()].toReversed()) answer(at !== 1);
    await Promise.all(writes);
    expect(gate.delivered).toEqual([0, 1, 3, 4, 6]);
    expect(sink.skipped).toBe(2);
  });

  it.each([
    ['throws', () => Promise.reject(new TypeError('cannot say'))],
    ['rejects', () => Promise.reject(new TypeError('cannot say'))],
  ])('row 66: a predicate that %s is reported, loses nothing and stops nobody', async (how, reject) => {
    const gate = new Gate();
    const sink = new Filter<number>(gate, (n) => {
      if (n !== 2) return true;
      if (how === 'rejects') return reject();
      throw new TypeError('cannot say');
    });
    const told: unknown[] = [];
    const queue = new Queue(sink, { onDrop: (n, error) => void told.push(n, error) });
    for (const n of numbers(4)) await queue.write(n);
    await queue.flush();
    expect(gate.delivered).toEqual([0, 1, 3]);
    expect(told).toEqual([2, expect.any(PredicateError)]);
    expect(told[1]).toMatchObject({ code: 'PREDICATE_FAILED', cause: new TypeError('cannot say') });
    expect(sink.skipped).toBe(0);
  });
});
