import { afterEach, describe, expect, it, vi } from 'vitest';

import { formatPlace, parsePlace, Place, tokensPerRevision, Turns, Watchers } from '../src/revisioned/index.ts';

const holder = { ownerId: 'ann', host: 'h', pid: 7 };

/** What somebody reads who finds the text at this revision. */
function readBack(place: Place, seq: number, stamp: number | undefined, base = 1000): Place {
  const read = parsePlace('a', formatPlace(place, base), { seq, stamp });
  if (typeof read === 'string') throw new Error(read);
  return read;
}

describe('a lock that is kept in one text', () => {
  it('gives a possession that begins with a revision the time and the token of that revision', () => {
    const place = new Place();
    place.grant({ key: 'a', leaseId: 'l1', holder }, 50_000, 9000, undefined);
    const [held] = readBack(place, 3, 60_000).holders;
    expect(held?.record).toMatchObject({ leaseId: 'l1', holder, fencingToken: 1000 + 3 * tokensPerRevision });
    // The writer's idea of the time was ten seconds off, so the server's counts.
    expect(held?.record).toMatchObject({ acquiredAt: 60_000, expiresAt: 69_000 });
    expect(held?.end).toBe(69_000);
  });

  it('shows the times of its writer when they are near the stamp, and ends by the later of both', () => {
    const place = new Place();
    place.grant({ key: 'a', leaseId: 'l1', holder }, 60_000, 9000, undefined);
    const [held] = readBack(place, 1, 60_040).holders;
    expect(held?.record).toMatchObject({ acquiredAt: 60_000, expiresAt: 69_000 });
    expect(held?.end).toBe(69_040);
    expect(readBack(place, 1, undefined).isExact).toBe(false);
  });

  it('does not bring a lease back that was renewed too late', () => {
    const first = new Place();
    first.grant({ key: 'a', leaseId: 'l1', holder }, 60_000, 1000, undefined);
    const place = readBack(first, 1, 60_000);
    const [held] = place.holders;
    if (held === undefined) throw new Error('nobody has it');
    place.extend(held, 60_900, 1000, { by: 61_000 });
    expect(readBack(place, 2, 60_990).holders[0]?.end).toBe(61_990);
    expect(readBack(place, 2, 61_001).holders[0]?.end).toBe(61_000);
  });

  it('gives no token that was kept free or passed on', () => {
    const first = new Place();
    first.grant({ key: 'a', leaseId: 'l1', holder, spare: 100 }, 0, 1000, undefined);
    const place = readBack(first, 1, 0);
    const [held] = place.holders;
    if (held === undefined) throw new Error('nobody has it');
    place.release(held, 10);
    place.grant({ key: 'a', leaseId: 'l2', holder }, 10, 1000, undefined);
    const next = readBack(place, 2, 10).holders[0]?.record.fencingToken ?? 0;
    expect(next).toBeGreaterThan(held.record.fencingToken + 100);
  });

  it('keeps waiters, those behind them, and who was robbed', () => {
    const place = new Place();
    place.grant({ key: 'a', leaseId: 'l1', holder }, 0, 60_000, undefined);
    const behind = [{ holder: { ownerId: 'cat' }, waitedMs: 5 }];
    const request = { key: 'a', leaseId: 'w1', leaseMs: 1000, holder: { ownerId: 'bob' }, waitMs: 4000, behind };
    expect(place.wait(request, 100, 'news-1')).toBe(0);
    const read = readBack(place, 1, 0);
    expect(read.state(0).waiters).toMatchObject([
      { holder: { ownerId: 'bob' }, since: 100 },
      { leaseId: 'w1', holder: { ownerId: 'cat' }, since: 95 },
    ]);
    read.force(200);
    read.handOver('a', 200);
    const after = readBack(read, 2, 200);
    expect(after.wasForced('l1')).toBe(true);
    expect(after.holders.map(({ record }) => record.leaseId)).toEqual(['w1']);
    expect(after.holders[0]?.record.fencingToken).toBeGreaterThan(read.previous?.fencingToken ?? 0);
  });

  it('tells one who asks who had it since it came, by the order of revisions, and writes nothing of it for others', () => {
    const waiter = (leaseId: string, turns: boolean): Parameters<Place['wait']>[0] => ({
      key: 'a',
      leaseId,
      leaseMs: 60_000,
      holder: { ownerId: leaseId },
      waitMs: 60_000,
      turns,
    });
    const start = new Place();
    start.grant({ key: 'a', leaseId: 'l1', holder }, 1000, 60_000, undefined);
    start.wait(waiter('quiet', false), 1000, 'news-1');
    expect(formatPlace(start, 0)).not.toMatch(/turns|ended|after/);
    start.wait(waiter('early', true), 1000, 'news-1');
    let place = readBack(start, 1, 1000);
    const next = (revision: number, now: number): void => {
      const [held] = place.holders;
      if (held === undefined) throw new Error('nobody has it');
      place.release(held, now);
      place.handOver('a', now);
      place = readBack(place, revision, now);
    };
    next(2, 1100);
    // Its clock is behind that of the one who released: the order counts.
    place.wait(waiter('late', true), 1050, 'news-1');
    place = readBack(place, 3, 1100);
    next(4, 1200);
    const told = (leaseId: string): unknown => place.turnsFor(leaseId)?.turns?.map((turn) => turn.holder.ownerId);
    expect(place.holders[0]?.record.leaseId).toBe('early');
    expect([told('early'), told('late'), told('quiet')]).toEqual([['ann', 'quiet'], ['quiet'], undefined]);
    expect(place.turnsFor('early')?.turns?.[0]).toMatchObject({ acquiredAt: 1000, endedAt: 1100 });
    next(5, 1300);
    expect(told('late')).toEqual(['quiet', 'early']);
    next(6, 1400);
    expect(formatPlace(place, 0)).not.toMatch(/turns|ended|after/);
  });

  it('leaves out past turns that cannot be read', () => {
    const turns = [{ holder: 7 }, { holder, fencingToken: 3, acquiredAt: 1, endedAt: 'x' }, null, 'x'];
    const good = { holder, fencingToken: 3, acquiredAt: 1, endedAt: 2 };
    const text = (list: unknown): string => JSON.stringify({ lockscope: 1, base: 0, holders: [], turns: list });
    expect(parsePlace('a', text([...turns, good]), { seq: 1, stamp: 0 })).toMatchObject({ turns: [good] });
    expect(parsePlace('a', text('x'), { seq: 1, stamp: 0 })).toMatchObject({ turns: [] });
  });

  it.each([
    ['', 'it has no "lockscope": 1'],
    ['{"lockscope":2}', 'it has no "lockscope": 1'],
    ['{"lockscope":1,"base":-1,"holders":[]}', 'the start of its tokens is not a whole number'],
    ['{"lockscope":1,"base":0,"holders":{}}', 'it has no list of holders'],
    ['{"lockscope":1,"base":0,"holders":[{"leaseId":"x"}]}', 'one of its holders cannot be read'],
    ['{"lockscope":1,"base":0,"holders":[],"waiters":[{}]}', 'one of its waiters cannot be read'],
  ])('is not taken for one when it is %s', (text, problem) => {
    expect(parsePlace('a', text, { seq: 1, stamp: 0 })).toBe(problem);
  });
});

describe('turns', () => {
  it('come one after the other for a key, also after one that failed, and at once for another key', async () => {
    const turns = new Turns();
    const order: string[] = [];
    let go = (): void => undefined;
    const first = turns.take('a', () => new Promise<void>((resolve) => (go = resolve)));
    const second = turns.take('a', () => (order.push('second'), Promise.reject(new Error('no'))));
    const third = turns.take('a', () => (order.push('third'), Promise.resolve()));
    await turns.take('b', () => (order.push('other'), Promise.resolve()));
    expect(order).toEqual(['other']);
    go();
    await first;
    await expect(second).rejects.toThrow('no');
    await third;
    expect(order).toEqual(['other', 'second', 'third']);
  });
});

describe('who watches', () => {
  afterEach(() => void vi.useRealTimers());

  it('is told of its own lease and key only, each as often as it watches, until it has taken its way out', () => {
    const watchers = new Watchers({ begin: () => undefined, end: () => undefined });
    const told: string[] = [];
    const twice = (): number => told.push('l1');
    const [out] = [watchers.add('a', 'l1', twice), watchers.add('a', 'l1', twice)];
    watchers.add('a', 'l2', () => told.push('l2'));
    watchers.add('b', 'l1', () => told.push('l1 of b'));
    watchers.tell('a', 'l1', { type: 'ask' });
    expect(told.splice(0)).toEqual(['l1', 'l1']);
    out();
    out();
    watchers.tell('a', 'l1', { type: 'ask' });
    expect(told.splice(0)).toEqual(['l1']);
    watchers.tellAllToAsk();
    expect(told.splice(0)).toEqual(['l1', 'l2', 'l1 of b']);
    watchers.close();
    watchers.tellAllToAsk();
    expect(told).toEqual([]);
  });

  it('may come back for a second before the hearing ends', () => {
    vi.useFakeTimers();
    const end = vi.fn<() => void>();
    const begin = vi.fn<() => void>();
    const watchers = new Watchers({ begin, end });
    const watch = (): (() => void) => watchers.add('a', 'l1', () => undefined);
    watch()();
    vi.advanceTimersByTime(900);
    const out = watch();
    vi.advanceTimersByTime(5000);
    expect(end).not.toHaveBeenCalled();
    expect(watchers.has('a', 'l1')).toBe(true);
    out();
    expect(watchers.isEmpty).toBe(true);
    vi.advanceTimersByTime(1000);
    expect(end).toHaveBeenCalledOnce();
    expect(begin).toHaveBeenCalledTimes(2);
  });
});
