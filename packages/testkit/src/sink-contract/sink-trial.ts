import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import { catchRejections } from '../catch-rejections.ts';
import type { CheckedSinkOptions, SinkSetup } from './options.ts';

/** A case of the contract before it is bound to options. */
export interface SinkScript {
  readonly name: string;
  readonly needs?: readonly 'refuse'[];
  readonly body: (trial: SinkTrial) => Promise<void>;
}

/** One run of one case: a fresh sink, and what became of it. */
export class SinkTrial {
  readonly setup: SinkSetup;
  readonly options: CheckedSinkOptions;

  private constructor(setup: SinkSetup, options: CheckedSinkOptions) {
    this.setup = setup;
    this.options = options;
  }

  /** Makes a sink, runs the case on it, and ends it. */
  static async run(options: CheckedSinkOptions, body: (trial: SinkTrial) => Promise<void>): Promise<void> {
    const setup = await options.create();
    const trial = new SinkTrial(setup, options);
    const rejections: unknown[] = [];
    const release = catchRejections(rejections);
    try {
      await body(trial);
      await trial.turns();
      assert.deepEqual(rejections, [], 'rejections that nobody handled');
    } finally {
      await trial.inTime(setup.sink.close({ signal: AbortSignal.abort() }), 'the last close').catch(() => undefined);
      await trial.turns();
      release();
      await setup.dispose?.();
    }
  }

  /** Writes all at once, and gives those that the sink has accepted. */
  async write(numbers: readonly number[]): Promise<number[]> {
    const writes = numbers.map((n) => this.setup.sink.write(n));
    const ends = await this.inTime(Promise.allSettled(writes), 'writes');
    return numbers.filter((_, at) => ends.at(at)?.status === 'fulfilled');
  }

  /** Closes the sink, so that all that was accepted has arrived. */
  async close(): Promise<void> {
    const { undelivered } = await this.inTime(this.setup.sink.close(), 'close');
    assert.equal(undelivered, 0);
  }

  /** Exactly these have arrived, each once, in order where there is one. */
  async arrivedAre(expected: readonly number[]): Promise<void> {
    const arrived = await this.setup.arrived();
    assert.deepEqual(this.options.ordered ? arrived : arrived.toSorted((a, b) => a - b), expected);
  }

  async turns(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
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
