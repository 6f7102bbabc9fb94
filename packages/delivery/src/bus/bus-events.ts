import YoctoQueue from 'yocto-queue';

import { whenAborted } from '../internal/signals.ts';
import type { Message } from './message.ts';

/** Why a message did not get to who iterates: its buffer was full, it had left, or the close gave it up. */
export type DropReason = 'full' | 'left' | 'given_up';

/** Options of `bus.events()`. */
export interface BusEventsOptions {
  /** Ends it: what waits is dropped, and who waits for the next gets the signal's reason as an error. */
  readonly signal?: AbortSignal | undefined;
  /** How many messages may wait to be taken. More memory against fewer drops. Default 1,000. */
  readonly capacity?: number | undefined;
  /** What goes when it is full: the message that waited longest, or the new one. Default `drop_oldest`. */
  readonly onFull?: 'drop_oldest' | 'drop_newest' | undefined;
}

/** Messages in the order in which they were published. Leaving the loop, or disposing of it, ends the registration. */
export interface BusEvents<M> extends AsyncIterableIterator<M>, AsyncDisposable {
  /** Messages that wait to be taken. */
  readonly depth: number;
  /** Messages that were dropped, for whatever reason. */
  readonly dropped: number;
  return(): Promise<IteratorResult<M, undefined>>;
}

type OnFull = NonNullable<BusEventsOptions['onFull']>;

interface Taker<M> {
  resolve(result: IteratorResult<M, undefined>): void;
  reject(error: unknown): void;
}

/** @internal The buffer between a bus and a loop. */
export class BufferedEvents<M extends Message> implements BusEvents<M> {
  readonly #waiting = new YoctoQueue<M>();
  readonly #takers = new YoctoQueue<Taker<M>>();
  readonly #capacity: number;
  readonly #onFull: OnFull;
  readonly #onDrop: (message: M, reason: DropReason) => void;
  readonly #leave: () => void;
  readonly #signal: AbortSignal | undefined;
  #dropped = 0;
  /** Nothing comes any more; what waits can still be taken. */
  #ended = false;
  #onEmpty: (() => void) | undefined;

  constructor(
    { capacity, onFull, signal }: BusEventsOptions & { readonly capacity: number; readonly onFull: OnFull },
    hooks: { readonly onDrop: (message: M, reason: DropReason) => void; readonly leave: () => void },
  ) {
    this.#capacity = capacity;
    this.#onFull = onFull;
    this.#signal = signal;
    this.#onDrop = hooks.onDrop;
    this.#leave = hooks.leave;
    this.#signal?.addEventListener('abort', this.#abort, { once: true });
  }

  get depth(): number {
    return this.#waiting.size;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a message in. */
  put(message: M): void {
    if (this.#takers.size > 0) return this.#takers.dequeue()?.resolve({ done: false, value: message });
    if (this.#waiting.size < this.#capacity) return this.#waiting.enqueue(message);
    if (this.#onFull === 'drop_newest') return this.#drop(message, 'full');
    this.#waiting.enqueue(message);
    this.#drop(this.#waiting.dequeue() as M, 'full');
  }

  next(): Promise<IteratorResult<M, undefined>> {
    if (this.#waiting.size > 0) {
      const value = this.#waiting.dequeue() as M;
      if (this.#waiting.size === 0) this.#onEmpty?.();
      return Promise.resolve({ done: false, value });
    }
    if (this.#signal?.aborted === true) return Promise.reject(this.#signal.reason as Error);
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#takers.enqueue({ resolve, reject }));
  }

  return(): Promise<IteratorResult<M, undefined>> {
    this.#end('left');
    return Promise.resolve({ done: true, value: undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Lets what waits be taken until the signal aborts. Resolves with how many messages were then given up. */
  async drain(givenUp: AbortSignal): Promise<number> {
    this.#ended = true;
    for (const taker of this.#takers.drain()) taker.resolve({ done: true, value: undefined });
    if (this.#waiting.size > 0) {
      const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
      const gaveUp = whenAborted(givenUp);
      await Promise.race([empty, gaveUp.aborted]);
      gaveUp.release();
    }
    return this.#end('given_up');
  }

  readonly #abort = (): void => {
    const reason: unknown = this.#signal?.reason;
    for (const taker of this.#takers.drain()) taker.reject(reason);
    this.#end('left');
  };

  #end(reason: DropReason): number {
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#leave();
    for (const taker of this.#takers.drain()) taker.resolve({ done: true, value: undefined });
    const left = [...this.#waiting.drain()];
    for (const message of left) this.#drop(message, reason);
    this.#onEmpty?.();
    return left.length;
  }

  #drop(message: M, reason: DropReason): void {
    this.#dropped += 1;
    this.#onDrop(message, reason);
  }
}
