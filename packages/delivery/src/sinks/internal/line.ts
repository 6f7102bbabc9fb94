import YoctoQueue from 'yocto-queue';

import { QueueFullError } from '../queue-full-error.ts';
import { done } from '../../internal/done.ts';
import { onAbort } from '../../internal/signals.ts';

/** What becomes of a write when there is no room. */
export type OnFull = 'wait' | 'drop_oldest' | 'drop_newest' | 'error';

export const onFullValues: readonly OnFull[] = ['wait', 'drop_oldest', 'drop_newest', 'error'];

interface Writer<T> {
  readonly event: T;
  /** Lets go of the signal, and resolves or rejects the write. */
  readonly admit: () => void;
  readonly refuse: (error: unknown) => void;
}

/** Events in the order in which they came, up to a bound, and behind them the writers for whom there is no room. */
export class Line<T> {
  readonly #maxSize: number;
  readonly #onFull: OnFull;
  readonly #onDrop: (event: T, error: QueueFullError) => void;
  readonly #events = new YoctoQueue<T>();
  readonly #writers = new Set<Writer<T>>();

  constructor(maxSize: number, onFull: OnFull, onDrop: (event: T, error: QueueFullError) => void) {
    this.#maxSize = maxSize;
    this.#onFull = onFull;
    this.#onDrop = onDrop;
  }

  /** Events that were accepted and not taken. */
  get depth(): number {
    return this.#events.size;
  }

  /** Writes that wait for room. */
  get waiting(): number {
    return this.#writers.size;
  }

  /** True when there is nothing to take, and nobody waits to put something there. */
  get empty(): boolean {
    return this.#events.size === 0 && this.#writers.size === 0;
  }

  /** Resolves when the event is accepted or, where the policy says so, dropped. */
  put(event: T, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.#events.size < this.#maxSize && this.#writers.size === 0) {
      this.#events.enqueue(event);
      return done;
    }
    switch (this.#onFull) {
      case 'wait':
        return this.#wait(event, signal);
      case 'error':
        return Promise.reject(new QueueFullError(this.#maxSize));
      case 'drop_newest':
        this.#onDrop(event, new QueueFullError(this.#maxSize));
        return done;
      default: {
        const oldest = this.#events.dequeue() as T;
        this.#events.enqueue(event);
        this.#onDrop(oldest, new QueueFullError(this.#maxSize));
        return done;
      }
    }
  }

  /** The next one. Only when the line is not empty. */
  take(): T {
    if (this.#events.size > 0) {
      const event = this.#events.dequeue() as T;
      const next = this.#firstWriter();
      if (next !== undefined) {
        this.#events.enqueue(next.event);
        next.admit();
      }
      return event;
    }
    const writer = this.#firstWriter() as Writer<T>;
    writer.admit();
    return writer.event;
  }

  /** Takes out everything that was accepted, and refuses those who wait. */
  clear(refusal: () => unknown): T[] {
    const events = [...this.#events.drain()];
    for (const writer of this.#writers) writer.refuse(refusal());
    return events;
  }

  #firstWriter(): Writer<T> | undefined {
    for (const first of this.#writers) return first;
    return undefined;
  }

  #wait(event: T, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let release: (() => void) | undefined;
      const leave = (): void => {
        this.#writers.delete(writer);
        release?.();
      };
      const writer: Writer<T> = {
        event,
        admit: () => {
          leave();
          resolve();
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      this.#writers.add(writer);
      if (signal !== undefined) release = onAbort(signal, () => writer.refuse(signal.reason));
    });
  }
}
