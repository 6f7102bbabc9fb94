import { joinSignals, onAbort, type JoinedSignal } from './signals.ts';

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

  /** Settles as the promise does, or rejects with the reason of whoever gives up first. */
  until(promise: PromiseLike<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const given = this.#given;
      const own = onAbort(this.#own, () => reject(this.#own.reason));
      const other = given === undefined ? undefined : onAbort(given, () => reject(given.reason));
      const over = (): void => {
        own();
        other?.();
        this.release();
      };
      const committed = (): undefined => {
        over();
        resolve();
      };
      const refused = (error: unknown): undefined => {
        over();
        reject(error);
      };
      promise.then(committed, refused);
    });
  }

  release(): void {
    this.#joined?.release();
  }
}
