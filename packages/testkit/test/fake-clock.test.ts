import { monotoneClock } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { FakeClock } from '../src/index.ts';

describe('FakeClock', () => {
  it('stands still until it is moved', async () => {
    const clock = new FakeClock(1_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  it('runs timers in the order in which they fall due, each at its own time', async () => {
    const clock = new FakeClock(0);
    const ran: string[] = [];
    clock.setTimeout(() => ran.push(`late ${clock.monotonic()}`), 300);
    clock.setTimeout(() => ran.push(`first ${clock.monotonic()}`), 100);
    clock.setTimeout(() => ran.push(`second ${clock.monotonic()}`), 100);
    clock.setTimeout(() => ran.push('never'), 301);
    await clock.advance(300);
    expect(ran).toEqual(['first 100', 'second 100', 'late 300']);
    expect(clock.timers).toBe(1);
  });

  it('lets promises settle between timers, and runs the timers that they start', async () => {
    const clock = new FakeClock();
    const ran: string[] = [];
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms));
    const slow = (async () => {
      for (const step of [1, 2, 3]) {
        await sleep(10);
        for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
        ran.push(`step ${step} at ${clock.monotonic()}`);
      }
    })();
    clock.setTimeout(() => ran.push(`timer at ${clock.monotonic()}`), 15);
    await clock.advance(30);
    await slow;
    expect(ran).toEqual(['step 1 at 10', 'timer at 15', 'step 2 at 20', 'step 3 at 30']);
  });

  it('forgets a timer that was cleared', async () => {
    const clock = new FakeClock();
    let ran = false;
    const timer = clock.setTimeout(() => (ran = true), 10);
    expect(timer.unref()).toBe(timer);
    clock.clearTimeout(timer);
    await clock.advance(20);
    expect([ran, clock.timers]).toEqual([false, 0]);
  });

  it('ends, although a timer of 0 ms starts itself again', async () => {
    const clock = new FakeClock();
    let rounds = 0;
    const again = (): void => {
      rounds += 1;
      clock.setTimeout(again, 0);
    };
    again();
    await clock.advance(5);
    expect(rounds).toBe(6);
  });

  it('moves only now() when somebody sets the wall clock', async () => {
    const clock = new FakeClock(0);
    let ran = false;
    clock.setTimeout(() => (ran = true), 1_000);
    const steady = monotoneClock(clock);
    clock.stepWall(3_600_000);
    await clock.advance(10);
    expect([clock.now(), clock.monotonic(), steady.now(), ran]).toEqual([3_600_010, 10, 10, false]);
  });

  it('refuses what a timer of Node would run at once', () => {
    const clock = new FakeClock();
    expect(() => clock.setTimeout(() => undefined, 2 ** 31)).toThrow(/at most 2147483647 ms, got 2147483648/);
    expect(() => clock.setTimeout(() => undefined, Number.NaN)).toThrow(RangeError);
  });

  it('does not go back', async () => {
    await expect(new FakeClock().advance(-1)).rejects.toThrow(RangeError);
  });
});
