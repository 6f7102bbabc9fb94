import type { EventOf, WaitSegment } from '@lockscope/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { PolledStorage } from './support/storages.ts';
import { apart, sumsOf, Truth } from './support/truth.ts';
import { buildWorld, makeWorld, outcomeOf, settle, type World } from './support/world.ts';

function acquireOf({ recorder }: World, ownerId: string): EventOf<'lock.acquire'> {
  const event = recorder.ends('lock.acquire').find((one) => one.ownerId === ownerId);
  if (event === undefined) throw new Error(`${ownerId} has not ended`);
  return event;
}

/** Kind or owner with the milliseconds, in order. */
function plain(segments: readonly WaitSegment[] | undefined): readonly (readonly [string, number])[] {
  return (segments ?? []).map(({ kind, ms, blocker }) => [blocker?.ownerId ?? kind, Math.round(ms)]);
}

describe('a wait is told in parts:', () => {
  it('one after the other had the lock, in other processes, and the next', async () => {
    const world = makeWorld({ waitMs: 'forever' });
    const { locks, other, clock } = world;
    const bob = await other().acquire('a', { owner: 'bob', operation: 'import' });
    const cyd = outcomeOf(other().acquire('a', { owner: 'cyd', operation: 'export' }));
    await clock.advance(50);
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(100);
    await bob.release();
    await clock.advance(200);
    await cyd.value?.release();
    await settle(clock);
    await ann.value?.release();
    const { details } = acquireOf(world, 'ann');
    expect(plain(details?.segments)).toEqual([
      ['bob', 100],
      ['cyd', 200],
    ]);
    expect(details?.segments?.map(({ blocker }) => blocker)).toMatchObject([
      { operation: 'import', fencingToken: 1, heldForMs: 150 },
      { operation: 'export', fencingToken: 2, heldForMs: 200 },
    ]);
    expect(details).toMatchObject({ waitMs: 300, predecessor: { ownerId: 'cyd', fencingToken: 2, heldForMs: 200 } });
  });

  it('a holder that came and went between two looks is known, and listeners hear of it', async () => {
    const world = makeWorld({ waitMs: 'forever' });
    const { locks, other, clock, recorder } = world;
    const bob = await other().acquire('a', { owner: 'bob' });
    const others = ['cyd', 'dan', 'eve'].map((owner) => outcomeOf(other().acquire('a', { owner })));
    await settle(clock);
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(10);
    await bob.release();
    for (const turn of others) {
      await clock.advance(20);
      await turn.value?.release();
    }
    await settle(clock);
    await ann.value?.release();
    expect(plain(acquireOf(world, 'ann').details?.segments)).toEqual([
      ['bob', 10],
      ['cyd', 20],
      ['dan', 20],
      ['eve', 20],
    ]);
    const changes = recorder
      .actions('acquire.blocker_changed')
      .map(({ payload }) => payload as { blocker: { ownerId: string } })
      .map(({ blocker }) => blocker.ownerId);
    expect(changes.slice(-3)).toEqual(['cyd', 'dan', 'eve']);
  });

  it('the lock was free while its storage could only be asked', async () => {
    const world = makeWorld({ waitMs: 'forever', poll: { minMs: 100, maxMs: 100 } }, { kind: PolledStorage });
    const { locks, other, clock, recorder } = world;
    const bob = await other().acquire('a', { owner: 'bob' });
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(1);
    await bob.release();
    await clock.advance(200);
    await ann.value?.release();
    const { details } = acquireOf(world, 'ann');
    const [held, handoff] = details?.segments ?? [];
    expect(held).toMatchObject({ kind: 'held_by', ms: 1, blocker: { ownerId: 'bob' } });
    expect(handoff).toEqual({ kind: 'handoff', ms: (details?.waitMs ?? 0) - 1 });
    expect(recorder.actions('acquire.handed_over')).toMatchObject([{ payload: { handoffMs: handoff?.ms } }]);
  });

  it('who had it between two looks at a storage that tells no more stays unknown', async () => {
    const world = makeWorld({ waitMs: 'forever', poll: { minMs: 100, maxMs: 100 } }, { kind: PolledStorage });
    const { locks, other, clock } = world;
    const bob = await other().acquire('a', { owner: 'bob' });
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(10);
    await bob.release();
    await other().run('a', () => clock.advance(20), { owner: 'cyd' });
    await clock.advance(200);
    await ann.value?.release();
    const { details } = acquireOf(world, 'ann');
    // The storage tells who had it last and until when, but not since when.
    expect(plain(details?.segments).slice(0, 1)).toEqual([['backoff', 30]]);
    expect(details?.segments?.slice(1).map(({ kind }) => kind)).toEqual(['handoff']);
    expect(details?.predecessor).toMatchObject({ ownerId: 'cyd' });
  });

  it('a storage that fails, and a question that is slow', async () => {
    const world = makeWorld({ waitMs: 'forever', poll: { minMs: 100, maxMs: 100 } }, { kind: PolledStorage });
    const { locks, other, clock, storage } = world;
    const bob = await other().acquire('a', { owner: 'bob' });
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await settle(clock);
    storage.delay(40);
    storage.failNext('acquire');
    await clock.advance(300);
    storage.delay(0);
    await bob.release();
    await clock.advance(300);
    await ann.value?.release();
    const sums = sumsOf(acquireOf(world, 'ann').details?.segments);
    expect(sums['store']).toBeGreaterThanOrEqual(40);
    expect(sums['bob']).toBeGreaterThan(100);
    expect(Object.keys(sums)).not.toContain('backoff');
  });

  it('the lease of one that died, then nobody', async () => {
    const world = makeWorld({ waitMs: 'forever', watchdog: false, leaseMs: 9000 });
    const { locks, other, clock, memory } = world;
    await memory.acquire({ key: 'a', leaseId: 'x', leaseMs: 500, holder: { ownerId: 'bob' } });
    expect(other).toBeDefined();
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(1100);
    await ann.value?.release();
    expect(plain(acquireOf(world, 'ann').details?.segments)[0]).toEqual(['bob', 500]);
  });

  it('those of one process: the holder here, whoever it is', async () => {
    const world = makeWorld({ waitMs: 'forever' });
    const { locks, clock } = world;
    const bob = await locks.acquire('a', { owner: 'bob' });
    const cyd = outcomeOf(locks.acquire('a', { owner: 'cyd' }));
    await clock.advance(10);
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(20);
    await bob.release();
    await clock.advance(30);
    await cyd.value?.release();
    await settle(clock);
    await ann.value?.release();
    expect(plain(acquireOf(world, 'cyd').details?.segments)).toEqual([['bob', 30]]);
    expect(plain(acquireOf(world, 'ann').details?.segments)).toEqual([
      ['bob', 20],
      ['cyd', 30],
    ]);
    expect(acquireOf(world, 'ann').details?.predecessor).toMatchObject({ ownerId: 'cyd' });
  });

  it('behind one of its process that waits for another process, the same as that one', async () => {
    const world = makeWorld({ waitMs: 'forever' });
    const { locks, other, clock } = world;
    const bob = await other().acquire('a', { owner: 'bob' });
    const dan = outcomeOf(other().acquire('a', { owner: 'dan' }));
    await settle(clock);
    const cyd = outcomeOf(locks.acquire('a', { owner: 'cyd' }));
    await clock.advance(5);
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(10);
    await bob.release();
    await clock.advance(20);
    await dan.value?.release();
    await clock.advance(40);
    await cyd.value?.release();
    await settle(clock);
    await ann.value?.release();
    expect(plain(acquireOf(world, 'ann').details?.segments)).toEqual([
      ['bob', 10],
      ['dan', 20],
      ['cyd', 40],
    ]);
  });

  it('who passes it on in the turn in which it got it hides nobody from the next', async () => {
    const world = makeWorld({ waitMs: 'forever' });
    const { locks, other, clock } = world;
    const bob = await other().acquire('a', { owner: 'bob' });
    const dan = outcomeOf(other().acquire('a', { owner: 'dan' }));
    await settle(clock);
    const cyd = locks.acquire('a', { owner: 'cyd' }).then((lock) => lock.release());
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(10);
    await bob.release();
    await clock.advance(20);
    await dan.value?.release();
    await cyd;
    await clock.advance(1);
    await ann.value?.release();
    expect(plain(acquireOf(world, 'ann').details?.segments)).toEqual([
      ['bob', 10],
      ['dan', 20],
    ]);
  });

  it('behind one of its process that got it after others had it for no time at all', async () => {
    const world = makeWorld({ waitMs: 'forever' });
    const { locks, other, clock } = world;
    const bob = await locks.acquire('a', { owner: 'bob' });
    await clock.advance(1);
    const cyd = other().run('a', () => undefined, { owner: 'cyd' });
    await settle(clock);
    const ann = locks.run('a', () => undefined, { owner: 'ann' });
    const dan = outcomeOf(locks.acquire('a', { owner: 'dan' }));
    await clock.advance(2);
    await bob.release();
    await Promise.all([cyd, ann]);
    await clock.advance(1);
    await dan.value?.release();
    expect(plain(acquireOf(world, 'dan').details?.segments)).toEqual([['bob', 2]]);
  });

  it('many had it, one after the other, more than one answer of the storage can tell', async () => {
    const world = makeWorld({ waitMs: 'forever' });
    const { locks, other, clock } = world;
    const bob = await other().acquire('a', { owner: 'bob' });
    const names = Array.from({ length: 22 }, (_, n) => `owner ${n}`);
    const others = names.map((owner) => outcomeOf(other().acquire('a', { owner })));
    await settle(clock);
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(100);
    await bob.release();
    for (const turn of others) {
      await clock.advance(300);
      await turn.value?.release();
    }
    await settle(clock);
    await ann.value?.release();
    const expected = names.map((owner) => [owner, 300]);
    expect(plain(acquireOf(world, 'ann').details?.segments)).toEqual([['bob', 100], ...expected]);
  });

  it('behind one that asks and knows nobody yet, its own process', async () => {
    const world = makeWorld({ waitMs: 'forever' });
    const { locks, clock, storage } = world;
    storage.delay(50);
    const bob = outcomeOf(locks.acquire('a', { owner: 'bob' }));
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(60);
    void bob.value?.release();
    await clock.advance(200);
    void ann.value?.release();
    await clock.advance(200);
    const [first, second] = plain(acquireOf(world, 'ann').details?.segments);
    expect([first, second?.[0]]).toEqual([['local_queue', 50], 'bob']);
  });

  it('up to its end when it gives up', async () => {
    const world = makeWorld();
    const { locks, other, clock } = world;
    const bob = await other().acquire('a', { owner: 'bob' });
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann', waitMs: 400 }));
    await clock.advance(400);
    expect(ann.state).toBe('rejected');
    await bob.release();
    expect(plain(acquireOf(world, 'ann').details?.segments)).toEqual([['bob', 400]]);
  });

  it('an acquire that nobody was in the way of has none', async () => {
    const world = makeWorld();
    await world.locks.run('a', () => undefined, { owner: 'ann' });
    const { details } = acquireOf(world, 'ann');
    expect(details).toMatchObject({ contended: false });
    expect(details?.segments).toBeUndefined();
    expect(details?.predecessor).toBeUndefined();
  });
});

describe('however many had it meanwhile', () => {
  it('there are at most 32 parts, and they still add up', async () => {
    const world = makeWorld({ waitMs: 'forever', poll: { minMs: 5, maxMs: 5 } }, { kind: PolledStorage });
    const { locks, memory, clock } = world;
    await memory.acquire({ key: 'a', leaseId: 'first', leaseMs: 60_000, holder: { ownerId: 'first' } });
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await settle(clock);
    let held = 'first';
    for (let turn = 0; turn < 2000; turn += 1) {
      await memory.release('a', held);
      held = `lease ${turn}`;
      await memory.acquire({ key: 'a', leaseId: held, leaseMs: 60_000, holder: { ownerId: `owner ${turn}` } });
      await clock.advance(7);
    }
    await memory.release('a', held);
    await clock.advance(10);
    await ann.value?.release();
    const { details, actions } = acquireOf(world, 'ann');
    expect(details?.segments?.length).toBeLessThanOrEqual(32);
    // Those for which there was no room are together.
    expect(details?.segments?.filter(({ blocker, kind }) => kind === 'held_by' && blocker === undefined)).toHaveLength(
      1,
    );
    expect(actions.length).toBeLessThan(100);
  }, 60_000);
});

describe('a storage that tells nonsense', () => {
  it.each([
    ['far in the past', -1e15],
    ['in the future', 1e15],
    ['no number', Number.NaN],
    ['endless', Infinity],
  ])('of when a lock was acquired, %s, breaks no sum', async (_what, acquiredAt) => {
    const world = makeWorld({ waitMs: 2000 });
    const { locks, other, clock, memory } = world;
    const acquire = memory.acquire.bind(memory);
    memory.acquire = async (request) => {
      const result = await acquire(request);
      if (result.acquired || result.record === undefined) return result;
      const odd = { holder: result.record.holder, fencingToken: 77, acquiredAt, endedAt: acquiredAt };
      return { ...result, record: { ...result.record, acquiredAt }, turns: [odd, odd, odd] };
    };
    const bob = await other().acquire('a', { owner: 'bob' });
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    const cyd = outcomeOf(locks.acquire('a', { owner: 'cyd', waitMs: 700 }));
    await clock.advance(1500);
    await bob.release();
    await settle(clock);
    await ann.value?.release();
    expect(cyd.state).toBe('rejected');
    for (const owner of ['ann', 'cyd']) {
      const { segments = [], waitMs } = acquireOf(world, owner).details ?? {};
      expect(segments.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(waitMs ?? -1, 6);
      for (const { ms, blocker } of segments) {
        expect(ms).toBeGreaterThan(0);
        if (blocker?.heldForMs !== undefined) expect(blocker.heldForMs).toBeGreaterThanOrEqual(0);
      }
    }
  });
});

/** What one process does: after a pause it wants the lock, and has it for a while. */
const job = fc.record({ process: fc.nat(3), afterMs: fc.nat(400), holdMs: fc.integer({ min: 0, max: 150 }) });

async function play(
  jobs: readonly { process: number; afterMs: number; holdMs: number }[],
  { kind, ...more }: { readonly kind?: typeof PolledStorage; readonly localHandovers?: number } = {},
): Promise<{ readonly world: World; readonly truth: Truth; readonly finish: () => Promise<void> }> {
  const options = { waitMs: 'forever', poll: { minMs: 10, maxMs: 10 }, ...more } as const;
  const { world, finish } = buildWorld(options, kind === undefined ? {} : { kind });
  const { clock, other } = world;
  const processes = Array.from({ length: 4 }, () => other());
  const truth = new Truth(clock);
  const done = jobs.map(async ({ process, afterMs, holdMs }, index) => {
    if (afterMs > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, afterMs));
    const locks = processes[process];
    if (locks !== undefined) await truth.hold(locks, 'a', holdMs, { owner: `owner ${index}` });
  });
  const all = outcomeOf(Promise.all(done));
  for (let step = 0; all.state === 'pending' && step < 2000; step += 1) await clock.advance(50);
  expect(all.state).toBe('resolved');
  return { world, truth, finish };
}

/** Waits whose parts are not what really was. */
function misses({ recorder }: World, truth: Truth): unknown[] {
  const wrong: unknown[] = [];
  for (const { details, ownerId } of recorder.ends('lock.acquire')) {
    if (details?.contended !== true || ownerId === undefined) continue;
    const until = truth.turns.find((turn) => turn.ownerId === ownerId)?.from ?? Number.NaN;
    const expected = truth.spent(until - details.waitMs, until);
    const told = sumsOf(details.segments);
    if (!(apart(told, expected) <= 1)) wrong.push({ ownerId, told, expected });
  }
  return wrong;
}

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 40);

describe('whatever a few processes do with a lock', () => {
  it('the parts of every wait are who really had it, to the millisecond, where the storage tells', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 2, maxLength: 14 }), async (jobs) => {
        const { world, truth, finish } = await play(jobs, { localHandovers: 0 });
        expect(misses(world, truth)).toEqual([]);
        await finish();
      }),
      { numRuns },
    );
  }, 300_000);

  it('the same for those of one process, whoever passes it on to whom', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 2, maxLength: 14 }), async (jobs) => {
        const { world, truth, finish } = await play(jobs.map((one) => ({ ...one, process: 0 })));
        expect(misses(world, truth)).toEqual([]);
        await finish();
      }),
      { numRuns },
    );
  }, 300_000);

  it('nobody is charged for more than it really took, where the storage can only be asked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 2, maxLength: 14 }), async (jobs) => {
        const { world, truth, finish } = await play(jobs, { kind: PolledStorage, localHandovers: 0 });
        for (const { details, ownerId } of world.recorder.ends('lock.acquire')) {
          if (details?.contended !== true || ownerId === undefined) continue;
          const until = truth.turns.find((turn) => turn.ownerId === ownerId)?.from ?? Number.NaN;
          const expected = truth.spent(until - details.waitMs, until);
          for (const { kind, blocker, ms } of details.segments ?? []) {
            if (kind === 'held_by' && blocker !== undefined)
              expect(ms, `${ownerId}: ${JSON.stringify([details.segments, expected])}`).toBeLessThanOrEqual(
                (expected[blocker.ownerId] ?? 0) + 1,
              );
          }
        }
        await finish();
      }),
      { numRuns },
    );
  }, 300_000);
});
