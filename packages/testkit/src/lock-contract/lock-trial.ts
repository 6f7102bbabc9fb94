import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { FileCounter } from './file-counter.ts';
import type { CheckedLockOptions, LockSetup, TestableAcquireOptions, TestableLock, TestableLocks } from './options.ts';

/** One run of one case: fresh locks, and the words in which cases speak. */
export class LockTrial {
  readonly setup: LockSetup;
  readonly locks: TestableLocks;
  readonly options: CheckedLockOptions<LockSetup>;
  readonly #opened: TestableLocks[];
  readonly #ends: (() => Promise<unknown>)[] = [];

  private constructor(setup: LockSetup, options: CheckedLockOptions<LockSetup>) {
    this.setup = setup;
    this.locks = setup.locks;
    this.options = options;
    this.#opened = [setup.locks];
  }

  /** Makes locks, runs the case on them, and cleans up whatever came of it. */
  static async run(options: CheckedLockOptions<LockSetup>, body: (trial: LockTrial) => Promise<void>): Promise<void> {
    const setup = await options.create();
    const trial = new LockTrial(setup, options);
    const failures: unknown[] = [];
    const attempt = async (step: () => unknown): Promise<void> => {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    };
    await attempt(() => body(trial));
    for (const end of trial.#ends.toReversed()) await attempt(end);
    for (const locks of trial.#opened) await attempt(() => trial.inTime('close', Promise.resolve(locks.close?.())));
    await attempt(() => options.dispose?.(setup));
    if (failures.length > 0) throw failures[0];
  }

  /** Other locks on the same data; the same ones where there are no others. */
  async second(): Promise<TestableLocks> {
    const { second } = this.options;
    if (second === undefined) return this.locks;
    const locks = await second(this.setup);
    this.#opened.push(locks);
    return locks;
  }

  async counter(): Promise<FileCounter> {
    const counter = await FileCounter.create();
    this.atEnd(() => counter.remove());
    return counter;
  }

  /** Cleans up when the case is over, whatever became of it. */
  atEnd(end: () => Promise<unknown>): void {
    this.#ends.push(end);
  }

  acquire(key: string, options?: TestableAcquireOptions): Promise<TestableLock> {
    assert.equal(typeof this.locks.acquire, 'function', 'there is no acquire');
    return this.locks.acquire?.(key, options) as Promise<TestableLock>;
  }

  tryAcquire(key: string): Promise<TestableLock | undefined> {
    assert.equal(typeof this.locks.tryAcquire, 'function', 'there is no tryAcquire');
    return this.locks.tryAcquire?.(key) as Promise<TestableLock | undefined>;
  }

  /** Demands that the lock can be had, at once or soon. */
  async isFree(key: string): Promise<void> {
    await this.inTime(
      'a run under a free lock',
      this.locks.run(key, () => Promise.resolve()),
    );
  }

  /** True when the promise has settled after a while: as long as a lock that is free would need at the very least. */
  async settlesSoon(promise: Promise<unknown>): Promise<boolean> {
    const settled = promise.then(
      () => true,
      () => true,
    );
    return Promise.race([settled, sleep(50, false)]);
  }

  /** The promise's answer, or a failure that says what was waited for. */
  async inTime<T>(what: string, promise: Promise<T>, patienceMs: number = this.options.patienceMs): Promise<T> {
    const stop = new AbortController();
    const late = (async (): Promise<never> => {
      await sleep(patienceMs, undefined, stop);
      return assert.fail(`${what} did not settle within ${patienceMs} ms`);
    })();
    try {
      return await Promise.race([promise, late]);
    } finally {
      late.catch(() => undefined);
      stop.abort();
    }
  }
}
