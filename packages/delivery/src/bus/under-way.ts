import { whenAborted } from '../internal/signals.ts';

/** What is under way, so that a close can wait for it and give it up. */
export class UnderWay {
  readonly #giveUps = new Set<(error: unknown) => void>();
  #idle: (() => void) | undefined;

  get count(): number {
    return this.#giveUps.size;
  }

  /** Settles as the given one does, or rejects when it is given up. */
  track<V>(given: PromiseLike<V>): Promise<V> {
    return new Promise((resolve, reject) => {
      this.#giveUps.add(reject);
      Promise.resolve(given).then(
        (value) => {
          this.#leave(reject);
          return resolve(value);
        },
        (error: unknown) => {
          this.#leave(reject);
          reject(error);
        },
      );
    });
  }

  /** Waits until nothing is under way or the signal aborts; then rejects what still is, and says how many that were. */
  async drained(signal: AbortSignal, refusal: () => unknown): Promise<number> {
    if (this.#giveUps.size > 0) {
      const idle = new Promise<void>((resolve) => (this.#idle = resolve));
      const gaveUp = whenAborted(signal);
      await Promise.race([idle, gaveUp.aborted]);
      gaveUp.release();
    }
    const left = [...this.#giveUps];
    this.#giveUps.clear();
    for (const giveUp of left) giveUp(refusal());
    return left.length;
  }

  #leave(giveUp: (error: unknown) => void): void {
    this.#giveUps.delete(giveUp);
    if (this.#giveUps.size === 0) this.#idle?.();
  }
}
