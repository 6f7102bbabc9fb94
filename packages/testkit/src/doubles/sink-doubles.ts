import { SinkClosedError, type Closed, type Sink, type WriteOptions } from '@lockscope/delivery';

import type { SinkSetup } from '../sink-contract/options.ts';

/** A sink with one defect, to show that the contract sees it. */
export interface SinkDouble {
  /** The defect in words. */
  readonly name: string;
  /** Every case of `sinkContract` that it must fail; all others it passes. */
  readonly caughtBy: readonly string[];
  readonly create: () => SinkSetup;
}

const oneByOne = 'writing: what is written one after the other arrives, each once and in order';
const atOnce = 'writing: what is written at once arrives, each once';
const throws = 'writing: a write never throws, it rejects';
const aborted = 'giving up: a write with a signal that has aborted rejects with its reason, and nothing arrives';
const late = 'giving up: a signal that aborts when the write is over changes nothing';
const told = 'refusing: what cannot be delivered is told to its writer or to a hook, and is not delivered later';
const goesOn = 'refusing: what comes after a refusal arrives';

/** @internal The smallest sink that keeps the contract; doubles override one method of it. */
export class PlainSink implements Sink<number> {
  readonly arrived: number[] = [];
  refuses = false;
  closed = false;

  async write(n: number, options?: WriteOptions): Promise<void> {
    if (this.closed) throw new SinkClosedError();
    options?.signal?.throwIfAborted();
    this.take(n);
  }

  take(n: number): void {
    if (this.refuses) throw new Error('refused');
    this.arrived.push(n);
  }

  async close(): Promise<Closed> {
    this.closed = true;
    return { undelivered: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** @internal */
export function setupOfSink(sink: PlainSink): SinkSetup {
  const refuse = (refuses: boolean): void => {
    sink.refuses = refuses;
  };
  return { sink, arrived: () => sink.arrived, refuse };
}

class LosesOne extends PlainSink {
  override take(n: number): void {
    if (n !== 40) super.take(n);
  }
}

class Twice extends PlainSink {
  override take(n: number): void {
    super.take(n);
    if (n === 40) super.take(n);
  }
}

class LastFirst extends PlainSink {
  #waiting: number[] = [];

  override take(n: number): void {
    if (this.refuses) throw new Error('refused');
    if (this.#waiting.push(n) === 1) queueMicrotask(() => this.arrived.push(...this.#waiting.splice(0).toReversed()));
  }
}

class ThrowsAtOnce extends PlainSink {
  override write(n: number, options?: WriteOptions): Promise<void> {
    if (this.closed) throw new SinkClosedError();
    return super.write(n, options);
  }
}

class DeafToSignals extends PlainSink {
  override write(n: number): Promise<void> {
    return super.write(n);
  }
}

class OtherReason extends PlainSink {
  override async write(n: number, options?: WriteOptions): Promise<void> {
    if (options?.signal?.aborted === true) throw new Error('aborted');
    await super.write(n, options);
  }
}

class TakesBack extends PlainSink {
  override async write(n: number, options?: WriteOptions): Promise<void> {
    await super.write(n, options);
    options?.signal?.addEventListener('abort', () => this.arrived.pop());
  }
}

class Swallows extends PlainSink {
  override take(n: number): void {
    if (!this.refuses) super.take(n);
  }
}

class DeliversLater extends PlainSink {
  #late: number[] = [];

  override take(n: number): void {
    this.arrived.push(...(this.refuses ? [] : this.#late.splice(0)));
    if (this.refuses) this.#late.push(n);
    super.take(n);
  }

  override async close(): Promise<Closed> {
    this.arrived.push(...this.#late.splice(0));
    return super.close();
  }
}

class StaysBroken extends PlainSink {
  #broken = false;

  override take(n: number): void {
    this.#broken ||= this.refuses;
    if (this.#broken) throw new Error('broken');
    super.take(n);
  }
}

const double = (name: string, caughtBy: readonly string[], Broken: new () => PlainSink): SinkDouble => ({
  name,
  caughtBy,
  create: () => setupOfSink(new Broken()),
});

/** Sinks that have one defect each. The contract is believed only because it fails them. */
export const sinkDoubles: readonly SinkDouble[] = Object.freeze([
  double('loses one without a word', [oneByOne, atOnce], LosesOne),
  double('delivers one twice', [oneByOne, atOnce], Twice),
  double('delivers what comes at once backwards', [atOnce, goesOn], LastFirst),
  double('throws instead of rejecting', [throws], ThrowsAtOnce),
  double('does not heed a signal', [aborted], DeafToSignals),
  double('gives another reason than the signal', [aborted], OtherReason),
  double('takes back what was committed', [late], TakesBack),
  double('swallows what it cannot deliver', [told], Swallows),
  double('delivers later what it has refused', [told], DeliversLater),
  double('stays broken after one refusal', [goesOn], StaysBroken),
]);
