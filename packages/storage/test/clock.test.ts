import { expect, test } from 'vitest';

import { monotoneClock, type Clock } from '../src/index.ts';

function settable(): Clock & { wall: number; steady: number } {
  const clock = {
    wall: 1_000_000,
    steady: 50,
    now: () => clock.wall,
    monotonic: () => clock.steady,
    setTimeout: () => ({ ref: () => undefined, unref: () => undefined }),
    clearTimeout: () => undefined,
  };
  return clock;
}

test.each([
  ['forward', 3_600_000],
  ['back', -3_600_000],
])('a wall clock that is set %s an hour does not move a monotone clock', (_, step) => {
  const source = settable();
  const clock = monotoneClock(source);
  expect(clock.now()).toBe(1_000_000);
  source.wall += step;
  expect(clock.now()).toBe(1_000_000);
  source.steady += 250;
  expect(clock.now()).toBe(1_000_250);
});
