import { done } from '../../internal/done.ts';
import { joinSignals, onAbort, type JoinedSignal } from '../../internal/signals.ts';

/** One write on its way: over when it is committed, or when its writer or a closer gives up. */
export class Turn {
  readonly #given: AbortSignal | undefined;
  readonly #own: AbortSignal;
  #joined: JoinedSignal | undefined;

  constructor(given: AbortSignal | undefined, own: AbortSignal) {
    this.#given = given;
    this.#own = own;
  }

  /** Aborts when the writer or a closer gives up. Made when somebody looks at it: most do not, and it is not cheap. */
  get signal(): AbortSignal {
    if (this.#given === undefined) return this.#own;
    return (this.#joined ??= joinSignals(this.#given, this.#own)).signal;
  }

  /** The same, and nobody else's: what is left on it is gone with the write. */
  get ownSignal(): AbortSignal {
    this.#joined ??= joinSignals(...(this.#given === undefined ? [] : [this.#given]), this.#own);
    return this.#joined.signal;
  }

  /**
   * Settles as the promise does, or rejects with the reason of whoever gives up first; calls `ended` before whoever waits
   * hears of it.
   */
  until(promise: PromiseLike<unknown>, ended: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const given = this.#given;
      let own: (() => void) | undefined;
      let other: (() => void) | undefined;
      let over = false;
      const end = (): boolean => {
        if (over) return false;
        over = true;
        own?.();
        other?.();
        // Not before all that hang on the same signal have heard of it.
        void done.then(() => this.release());
        ended();
        return true;
      };
      const committed = (): undefined => {
        if (end()) resolve();
      };
      const refused = (error: unknown): undefined => {
        if (end()) reject(error);
      };
      own = onAbort(this.#own, () => refused(this.#own.reason));
      if (given !== undefined) other = onAbort(given, () => refused(given.reason));
      promise.then(committed, refused);
    });
  }

  release(): void {
    this.#joined?.release();
  }
}
