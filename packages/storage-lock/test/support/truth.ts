import type { WaitSegment } from '@lockscope/core';
import type { FakeClock } from '@lockscope/testkit';

import type { AcquireOptions, HeldLock, Locks } from '../../src/index.ts';

/** One possession as it really was, on the fake clock. */
export interface TrueTurn {
  readonly ownerId: string;
  readonly from: number;
  to: number;
}

/** Who really had a lock, and when: noted by those who acquire and release it themselves. */
export class Truth {
  readonly turns: TrueTurn[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** Acquires it, has it for `holdMs`, and releases it. */
  async hold(locks: Locks, key: string, holdMs: number, options: AcquireOptions): Promise<void> {
    const lock = await locks.acquire(key, options);
    await this.had(lock, holdMs);
  }

  async had(lock: HeldLock, holdMs: number): Promise<void> {
    const turn = { ownerId: lock.ownerId, from: this.#clock.monotonic(), to: Infinity };
    this.turns.push(turn);
    if (holdMs > 0) await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, holdMs));
    turn.to = this.#clock.monotonic();
    await lock.release();
  }

  /** What was spent between two moments on each owner; on `handoff` when nobody had it. */
  spent(from: number, to: number): Record<string, number> {
    const spent: Record<string, number> = {};
    let free = to - from;
    for (const turn of this.turns) {
      const ms = Math.min(to, turn.to) - Math.max(from, turn.from);
      if (ms <= 0) continue;
      spent[turn.ownerId] = (spent[turn.ownerId] ?? 0) + ms;
      free -= ms;
    }
    if (free > 0) spent['handoff'] = free;
    return spent;
  }
}

/** The parts of a wait, summed for each holder and each kind without one. */
export function sumsOf(segments: readonly WaitSegment[] | undefined): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { kind, ms, blocker } of segments ?? []) {
    const cause = blocker?.ownerId ?? kind;
    sums[cause] = (sums[cause] ?? 0) + ms;
  }
  return sums;
}

/** How far two splits of the same time are apart at most, in milliseconds. */
export function apart(one: Record<string, number>, other: Record<string, number>): number {
  const causes = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Math.max(0, ...[...causes].map((cause) => Math.abs((one[cause] ?? 0) - (other[cause] ?? 0))));
}
