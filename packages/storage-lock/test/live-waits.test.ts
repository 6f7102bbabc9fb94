import type { ActionPayloads } from '@lockscope/core';
import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf, settle, type World } from './support/world.ts';

function reportsOf({ recorder }: World, owner: string): readonly ActionPayloads['acquire.waiting'][] {
  const actions = recorder.ends('lock.acquire').find(({ ownerId }) => ownerId === owner)?.actions ?? [];
  return actions
    .filter(({ name }) => name === 'acquire.waiting')
    .map(({ payload }) => payload as ActionPayloads['acquire.waiting']);
}

describe('who still waits is told', () => {
  it('who has the lock now, doing what, for how long, and how many come before it', async () => {
    const world = makeWorld({ waitMs: 'forever' });
    const { locks, other, clock } = world;
    const bob = await other().acquire('a', { owner: 'bob', operation: 'import' });
    const cyd = outcomeOf(other().acquire('a', { owner: 'cyd', operation: 'export' }));
    await settle(clock);
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(1500);
    await bob.release();
    await clock.advance(6500);
    await cyd.value?.release();
    await settle(clock);
    await ann.value?.release();
    const reports = reportsOf(world, 'ann');
    expect(reports[0]).toMatchObject({
      waitedMs: 1000,
      blocker: { ownerId: 'bob', operation: 'import', fencingToken: 1, heldForMs: 1000 },
      queueDepth: 1,
    });
    // At its next question it was told that cyd has it since.
    expect(reports.at(-1)).toMatchObject({
      waitedMs: 8000,
      blocker: { ownerId: 'cyd', operation: 'export', fencingToken: 2, heldForMs: 6500 },
      queueDepth: 0,
    });
  });

  it('deep in the line of its process, at once who of it has the lock, and how many come before it now', async () => {
    const world = makeWorld({ waitMs: 'forever' });
    const { locks, clock } = world;
    const bob = await locks.acquire('a', { owner: 'bob' });
    const cyd = outcomeOf(locks.acquire('a', { owner: 'cyd', operation: 'export' }));
    const dan = outcomeOf(locks.acquire('a', { owner: 'dan' }));
    const ann = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(990);
    await bob.release();
    await clock.advance(20);
    for (const next of [cyd, dan, ann]) {
      await next.value?.release();
      await settle(clock);
    }
    expect(reportsOf(world, 'ann')).toMatchObject([
      { waitedMs: 1000, blocker: { ownerId: 'cyd', operation: 'export', heldForMs: 10 }, queueDepth: 1 },
    ]);
  });
});
