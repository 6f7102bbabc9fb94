interface Open {
  readonly until: number;
  readonly reject: (error: Error) => void;
}

/**
 * Gives all answers of one client the same time, where the client itself would wait for ever. One timer does for all of
 * them: one for each would be in the way of every command, which waits until it is made.
 */
export class AnswerLimit {
  readonly ms: number;
  /** In the order in which their time is over. */
  readonly #open = new Set<Open>();
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.ms = ms;
  }

  /** What `answer` comes to, or a rejection when it does not come in time. */
  keep<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const open: Open = { until: performance.now() + this.ms, reject };
      this.#open.add(open);
      if (this.#timer === undefined) this.#wakeIn(this.ms);
      const settle = async (): Promise<void> => {
        try {
          resolve(await answer);
        } catch (error) {
          reject(error);
        } finally {
          this.#open.delete(open);
        }
      };
      void settle();
    });
  }

  /** The connection keeps the process alive while it is there; without one nothing is open for long. */
  #wakeIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = performance.now();
      for (const open of this.#open) {
        if (open.until > now) {
          this.#wakeIn(Math.ceil(open.until - now));
          return;
        }
        this.#open.delete(open);
        open.reject(new Error(`there was no answer for ${this.ms} ms`));
      }
    }, ms).unref();
  }
}
