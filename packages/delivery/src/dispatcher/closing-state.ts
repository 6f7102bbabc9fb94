import type { Closed } from '../closable.ts';

/** The longest interval there is: it keeps the process alive and does nothing. */
const longestTimerMs = 2 ** 31 - 1;

/** One end for all who close. While somebody waits for it, the process stays alive. */
export class ClosingState {
  readonly #ended: Promise<void>;
  #end!: () => void;
  #begun = false;
  #over = false;
  /** Events given up since the close began. */
  undelivered = 0;

  constructor() {
    this.#ended = new Promise((resolve) => (this.#end = resolve));
  }

  get begun(): boolean {
    return this.#begun;
  }

  get over(): boolean {
    return this.#over;
  }

  get ended(): Promise<void> {
    return this.#ended;
  }

  begin(): void {
    this.#begun = true;
  }

  end(): void {
    this.#over = true;
    this.#end();
  }

  /** Resolves at the end; `giveUp`, which has to bring it about, is called when the signal aborts before. */
  async wait(signal: AbortSignal | undefined, giveUp: () => void): Promise<Closed> {
    const give = (): void => {
      if (!this.#over) giveUp();
    };
    if (signal?.aborted === true) give();
    signal?.addEventListener('abort', give, { once: true });
    const alive = this.#over ? undefined : setInterval(() => undefined, longestTimerMs);
    try {
      await this.#ended;
    } finally {
      clearInterval(alive);
      signal?.removeEventListener('abort', give);
    }
    return { undelivered: this.undelivered };
  }
}
