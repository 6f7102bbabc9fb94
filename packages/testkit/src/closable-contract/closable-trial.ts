import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import type { Closed } from '@lockscope/delivery';

import { catchRejections } from '../catch-rejections.ts';
import type { CheckedClosableOptions, ClosableSetup } from './options.ts';

/** What became of one put. */
interface Put {
  state: 'pending' | 'accepted' | 'refused';
  error?: unknown;
}

/** One run of one case: a fresh subject, what was put into it and what became of that. */
export class ClosableTrial {
  readonly setup: ClosableSetup;
  readonly options: CheckedClosableOptions;
  readonly rejections: unknown[] = [];
  readonly #puts = new Map<number, Put>();
  #next = 0;

  private constructor(setup: ClosableSetup, options: CheckedClosableOptions) {
    this.setup = setup;
    this.options = options;
  }

  /** Makes a subject, runs the case on it, and ends it. */
  static async run(options: CheckedClosableOptions, body: (trial: ClosableTrial) => Promise<void>): Promise<void> {
    const setup = await options.create();
    const trial = new ClosableTrial(setup, options);
    const release = catchRejections(trial.rejections);
    try {
      await body(trial);
      await trial.turns();
      assert.deepEqual(trial.rejections, [], 'rejections that nobody handled');
    } finally {
      setup.unstick();
      await trial.inTime(setup.subject.close({ signal: AbortSignal.abort() }), 'the last close').catch(() => undefined);
      await trial.turns();
      release();
      await setup.dispose?.();
    }
  }

  /** Puts so many more events without waiting for them, and gives their numbers. */
  put(count: number): number[] {
    const numbers = Array.from({ length: count }, () => (this.#next += 1));
    for (const n of numbers) {
      const put: Put = { state: 'pending' };
      this.#puts.set(n, put);
      void settle(put, () => this.setup.put(n));
    }
    return numbers;
  }

  /** Those puts that ended so. */
  which(state: Put['state']): number[] {
    return [...this.#puts].filter(([, put]) => put.state === state).map(([n]) => n);
  }

  /** All puts have ended, and those that were refused were told that the subject is closed. */
  async everyPutEnds(): Promise<void> {
    await this.until(() => this.which('pending').length === 0, 'every put ends');
    for (const [n, { state, error }] of this.#puts) {
      if (state === 'refused')
        assert.ok(this.setup.isClosedError(error), `put ${n} was refused with ${String(error)}, not as closed`);
    }
  }

  /** Another put is refused, because the subject is closed. */
  async refuses(): Promise<void> {
    const [n] = this.put(1) as [number];
    await this.until(() => this.which('pending').every((other) => other !== n), 'a put after close ends');
    const put = this.#puts.get(n);
    assert.equal(put?.state, 'refused', 'a put after close was accepted');
    assert.ok(this.setup.isClosedError(put?.error), `a put after close was refused with ${String(put?.error)}`);
  }

  /** Nothing is lost and nothing is twice: every accepted event was delivered, is counted, or is kept elsewhere. */
  async accountsFor({ undelivered }: Closed): Promise<void> {
    const delivered = this.setup.delivered();
    assert.equal(new Set(delivered).size, delivered.length, `delivered twice: ${delivered.join()}`);
    const left = new Set([...((await this.setup.left?.()) ?? []), ...delivered]).size - delivered.length;
    const accepted = this.which('accepted').length;
    const told = delivered.length + undelivered + left;
    const truth = `accepted ${accepted}, delivered ${delivered.length}, undelivered ${undelivered}, kept ${left}`;
    // Of those that were with the destination at the signal both may be told: who put and who closes.
    assert.ok(told >= accepted, truth);
    assert.ok(told <= accepted + Math.min(this.which('refused').length, this.options.concurrency), truth);
  }

  /** Every accepted event was delivered, in order. */
  deliveredAll(): void {
    const sorted = (numbers: readonly number[]): readonly number[] =>
      this.options.ordered ? numbers : numbers.toSorted((a, b) => a - b);
    assert.deepEqual(sorted(this.setup.delivered()), this.which('accepted'));
  }

  /** Waits until the destination has what it takes at a time, or as much of that as there is. */
  async taken(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  }

  /** Promises that hang on promises have settled, and rejections that nobody handles have been told. */
  async turns(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const end = performance.now() + this.options.settleMs;
    while (!holds()) {
      if (performance.now() > end) assert.fail(`not within ${this.options.settleMs} ms: ${what}`);
      await sleep(1);
    }
  }

  /** Settles as the promise does; fails when that takes too long. */
  async inTime<V>(promise: Promise<V>, what: string): Promise<V> {
    const stop = new AbortController();
    const late = sleep(this.options.settleMs, undefined, stop).then(
      () => assert.fail(`not within ${this.options.settleMs} ms: ${what}`),
      () => promise,
    );
    return Promise.race([promise, late]).finally(() => stop.abort());
  }
}

async function settle(put: Put, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
    put.state = 'accepted';
  } catch (error) {
    put.state = 'refused';
    put.error = error;
  }
}
