import type { Blocker } from '@lockscope/core';

/** @internal Whom a waiter waits for, as far as it has been told. */
export class Sight {
  #seen: Blocker | undefined = undefined;
  #at = 0;
  /** How many come before it, where the storage said. */
  ahead: number | undefined = undefined;

  get last(): Blocker | undefined {
    return this.#seen;
  }

  /** Gives true when it is somebody else than before. */
  sees(blocker: Blocker, ahead: number | undefined, at: number): boolean {
    const before = this.#seen;
    this.#seen = blocker;
    this.#at = at;
    this.ahead = ahead;
    return before === undefined || before.ownerId !== blocker.ownerId || before.fencingToken !== blocker.fencingToken;
  }

  now(at: number): Blocker | undefined {
    const seen = this.#seen;
    return seen?.heldForMs === undefined ? seen : { ...seen, heldForMs: seen.heldForMs + at - this.#at };
  }
}
