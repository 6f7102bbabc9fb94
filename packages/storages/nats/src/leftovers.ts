/** How long the record of a free lock stays: who comes back to the same lock at once starts from it. */
const delayMs = 20;
/** How many removals are under way at once. */
const atOnce = 64;

/**
 * Records of locks that were released and that nobody wants. A release writes that the lock is free, because a message
 * that was only removed can come back when the server is killed; what is left is removed a moment later, and nobody
 * waits for that.
 */
export class Leftovers {
  readonly #remove: (key: string, seq: number) => Promise<unknown>;
  /** Released since the last round, and before it. */
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(remove: (key: string, seq: number) => Promise<unknown>) {
    this.#remove = remove;
  }

  add(key: string, seq: number): void {
    this.#old.delete(key);
    this.#young.set(key, seq);
    this.#timer ??= setTimeout(() => void this.#round(), delayMs).unref();
  }

  /** The record is about to be used again. */
  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Removes all that are left now. A removal that fails leaves one small record. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    const all = new Map([...this.#old, ...this.#young]);
    while (all.size > 0) await this.#batch(all);
  }

  async #round(): Promise<void> {
    while (this.#old.size > 0) await this.#batch(this.#old);
    [this.#old, this.#young] = [this.#young, this.#old];
    this.#timer = this.#old.size === 0 ? undefined : setTimeout(() => void this.#round(), delayMs).unref();
  }

  async #batch(leftovers: Map<string, number>): Promise<void> {
    const batch = [...leftovers].slice(0, atOnce);
    for (const [key] of batch) leftovers.delete(key);
    await Promise.allSettled(batch.map(([key, seq]) => this.#remove(key, seq)));
  }
}
