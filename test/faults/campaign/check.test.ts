import { describe, expect, it } from 'vitest';

import { type ClientHistory, type Promises, check } from './check.ts';
import type { Line } from './log.ts';

const ms = 1e6;

/** A possession: asked at once, held from `from` to `to`, each in milliseconds. */
function possession(id: number, token: number, from: number, to: number, key = 'a'): Line[] {
  return [
    { is: 'ask', id, key, waitMs: 100, at: from * ms },
    { is: 'held', id, token, at: from * ms },
    { is: 'still', id, at: to * ms },
    { is: 'end', id, how: 'released', at: to * ms + 1 },
  ];
}

function problems(histories: Record<string, Line[] | Omit<ClientHistory, 'name'>>, promises?: Partial<Promises>) {
  const told = Object.entries(histories).map(([name, of]) => ({ name, ...(Array.isArray(of) ? { lines: of } : of) }));
  return check(told, { slackMs: 10, ...promises }).problems;
}

describe('the checker', () => {
  it('is content with possessions one after the other, and with two keys at the same time', () => {
    expect(
      problems({
        one: [...possession(1, 1, 0, 10), ...possession(2, 3, 30, 40)],
        two: [...possession(1, 2, 11, 29), ...possession(2, 1, 12, 20, 'b')],
      }),
    ).toEqual([]);
  });

  it('sees two holders, also when one of them holds for long and others come and go', () => {
    expect(problems({ one: possession(1, 1, 0, 10), two: possession(1, 2, 10, 20) })).toHaveLength(1);
    expect(
      problems({ one: possession(1, 1, 0, 100), two: [...possession(1, 2, 10, 20), ...possession(2, 3, 30, 40)] }),
    ).toHaveLength(2);
  });

  it('sees two holders of whom one was killed', () => {
    const killed = { lines: possession(1, 1, 0, 10).slice(0, 3), killed: true };
    expect(problems({ one: killed, two: possession(1, 2, 5, 20) })).toHaveLength(1);
    expect(problems({ one: killed, two: possession(1, 2, 11, 20) })).toEqual([]);
  });

  it('sees a token that comes twice, and one that goes back', () => {
    expect(problems({ one: possession(1, 7, 0, 10), two: possession(1, 7, 20, 30) })[0]).toContain('given before');
    expect(problems({ one: possession(1, 7, 0, 10), two: possession(1, 6, 20, 30) })[0]).toContain('came after');
  });

  it('forgives two holders only where the storage forgot the first before it gave the lock to the second', () => {
    const two = { one: possession(1, 1, 0, 100), two: possession(1, 2, 50, 60) };
    expect(problems(two, { forgotAt: [40 * ms] })).toEqual([]);
    expect(problems(two, { forgotAt: [70 * ms] })).toHaveLength(1);
    // The answer to the first took its time: its token is the older one.
    const slow: Line[] = [{ is: 'ask', id: 1, key: 'a', waitMs: 100, at: 0 }, ...possession(1, 1, 55, 70).slice(1)];
    const late = { one: slow, two: possession(1, 2, 50, 60) };
    expect(problems(late, { forgotAt: [40 * ms] })).toEqual([]);
    expect(problems(late, { forgotAt: [58 * ms] })).toHaveLength(2);
  });

  it('sees an acquire that ends late or never, but not in a process that was frozen or killed', () => {
    const late: Line[] = [
      { is: 'ask', id: 1, key: 'a', waitMs: 100, at: 0 },
      { is: 'end', id: 1, how: 'LOCK_TIMEOUT', at: 150 * ms },
    ];
    expect(problems({ one: late })[0]).toContain('50 ms after its deadline');
    expect(problems({ one: { lines: late, frozen: [{ from: 50 * ms, to: 95 * ms }] } })).toEqual([]);
    const [first, second] = [20, 40].map(
      (from) => ({ is: 'blocked', id: 0, from: from * ms, at: (from + 30) * ms }) as const,
    );
    expect(problems({ one: [...late, first, second] as Line[] })).toEqual([]);
    expect(problems({ one: [...late, first] as Line[] })).toHaveLength(1);
    expect(problems({ one: late.slice(0, 1) })[0]).toContain('never ended');
    expect(problems({ one: { lines: late.slice(0, 1), killed: true } })).toEqual([]);
  });

  it('sees a possession that its process never told the end of', () => {
    expect(problems({ one: possession(1, 1, 0, 10).slice(0, 3) })[0]).toContain('never ended');
  });
});
