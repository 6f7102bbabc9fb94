import { AsyncResource } from 'node:async_hooks';

/** Something that may turn out to be held for long. */
export interface MaybeLong {
  isLong(): void;
}

/**
 * Tells those that are held for longer than `ms`, once each. All have the same time, so one timer for the oldest is
 * enough, and taking part costs a set's entry. The timer never keeps the process alive, and belongs to no request.
 */
export class LongHolds {
  readonly #ms: number;
  /** Oldest first, with the moment at which they are long. */
  readonly #due = new Map<MaybeLong, number>();
  readonly #outside = new AsyncResource('lockscope.long-holds', { requireManualDestroy: true });
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.#ms = ms;
  }

  begin(hold: MaybeLong): void {
    this.#due.set(hold, performance.now() + this.#ms);
    if (this.#timer === undefined) this.#outside.runInAsyncScope(() => this.#wait(this.#ms));
  }

  end(hold: MaybeLong): void {
    this.#due.delete(hold);
  }

  /** When nothing is held any more when it fires, that was the last. */
  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#tell(), Math.max(1, Math.ceil(ms)));
    this.#timer.unref();
  }

  #tell(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [hold, at] of this.#due) {
      if (at > now) {
        this.#wait(at - now);
        return;
      }
      this.#due.delete(hold);
      hold.isLong();
    }
  }
}
