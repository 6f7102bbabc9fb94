import { Queue, type QueueOptions } from '../queue.ts';
import { isSinkClosed } from '../sink-closed-error.ts';
import type { Sink } from '../sink.ts';
import { closeBehind, endsAtSignal } from '../../internal/closing.ts';

/** The way to one sink of a broadcaster: a queue, behind which the sink is only closed when it has not left. */
export class Lane<T> {
  readonly sink: Sink<T>;
  readonly queue: Queue<T>;
  #stays = true;

  constructor(sink: Sink<T>, options: QueueOptions<T>) {
    this.sink = sink;
    const behind: Sink<T> = {
      write: (event, given) => sink.write(event, given),
      close: async ({ signal = new AbortController().signal } = {}) => ({
        undelivered: this.#stays ? await this.#closeSink(signal) : 0,
      }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    endsAtSignal(behind);
    this.queue = new Queue(behind, options);
  }

  /** The sink is no longer the broadcaster's to close. */
  leave(): void {
    this.#stays = false;
  }

  stay(): void {
    this.#stays = true;
  }

  async #closeSink(signal: AbortSignal): Promise<number> {
    try {
      return await closeBehind(this.sink, signal);
    } catch (error) {
      if (isSinkClosed(error)) return 0;
      throw error;
    }
  }
}
