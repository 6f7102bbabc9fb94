import type { Closable, Closed, CloseOptions } from '@lockscope/delivery';

import type { ClosableSetup } from '../closable-contract/options.ts';

/** What a close of the model came upon; a double changes one thing of it. */
export class ClosedError extends Error {}

/** The smallest queue that keeps the contract of everything closable; doubles override one method of it. */
export class PlainQueue implements Closable {
  readonly deliver: (event: unknown) => Promise<void>;
  readonly waiting: unknown[] = [];
  closing: Promise<Closed> | undefined;
  running: Promise<void> | undefined;
  inFlight = 0;
  given = 0;
  over = false;
  readonly giveUp: Promise<void>;
  abort: () => void = () => {};

  constructor(deliver: (event: unknown) => Promise<void>) {
    this.deliver = deliver;
    this.giveUp = new Promise((resolve) => (this.abort = resolve));
  }

  async put(event: unknown): Promise<void> {
    if (this.closing !== undefined) throw new ClosedError('closed');
    this.waiting.push(event);
    this.running ??= this.drain();
  }

  close(options?: CloseOptions): Promise<Closed> {
    this.follow(options?.signal);
    return (this.closing ??= this.end());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  follow(signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) this.abort();
    else signal?.addEventListener('abort', () => this.abort());
  }

  async end(): Promise<Closed> {
    // Whoever else puts or closes in the same turn comes first.
    await Promise.resolve();
    const gone = this.running?.then(() => true);
    const flushed = gone === undefined || (await Promise.race([gone, this.giveUp.then(() => false)]));
    if (!flushed) this.lose();
    return { undelivered: this.given };
  }

  lose(): void {
    this.over = true;
    this.given = this.inFlight + this.waiting.length;
    this.waiting.length = 0;
  }

  async drain(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0 && !this.over) {
      const event = this.waiting.shift();
      this.inFlight = 1;
      await this.deliver(event);
      this.inFlight = 0;
    }
    this.running = undefined;
  }
}

/** A queue of that kind over a destination that can be stuck. */
export function setupOf(make: (deliver: (event: unknown) => Promise<void>) => PlainQueue): ClosableSetup {
  const delivered: number[] = [];
  let stuck: Promise<void> | undefined;
  let free: (() => void) | undefined;
  let act: (() => unknown) | undefined;
  const subject = make(async (event) => {
    const run = act;
    act = undefined;
    await run?.();
    // It may be stuck again by the time that it is free.
    for (let wait = stuck; wait !== undefined; wait = stuck) await wait;
    delivered.push(event as number);
  });
  return {
    subject,
    put: (n) => subject.put(n),
    putAny: (value) => subject.put(value),
    delivered: () => delivered,
    stick: () => {
      stuck ??= new Promise((resolve) => (free = resolve));
    },
    unstick: () => {
      stuck = undefined;
      free?.();
    },
    inside: (run) => {
      act = run;
    },
    isClosedError: (error) => error instanceof ClosedError,
  };
}
