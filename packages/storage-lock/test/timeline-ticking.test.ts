import { expect, it } from 'vitest';

import { playScenario } from './support/scenario.ts';
import { makeWorld } from './support/world.ts';

it('a timeline is valid where time passes between any two steps of the code', async () => {
  const world = makeWorld({}, { ticking: true });
  expect(await playScenario(world)).not.toEqual([]);
  world.validator.assertValid({ stillRunning: true });
});

it('a timeline is valid when a lease ends while three renewals hang', async () => {
  const { locks, clock, storage } = makeWorld({ leaseMs: 9000 }, { ticking: true });
  await locks.acquire('a');
  storage.freeze();
  await clock.advance(10_000);
  storage.thaw();
});

it('a timeline is valid when a holder finds out on the next line that it was stopped', async () => {
  const { locks, clock } = makeWorld({ leaseMs: 9000 }, { ticking: true });
  const lock = await locks.acquire('a');
  const monotonic = clock.monotonic.bind(clock);
  clock.monotonic = () => monotonic() + 9000;
  expect(lock.state).toBe('lost');
});
