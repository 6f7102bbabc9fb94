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
  readonly #seqs = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(remove: (key: string, seq: number) => Promise<unknown>) {
    this.#remove = remove;
  }

  add(key: string, seq: number): void {
    this.#seqs.set(key, seq);
    this.#timer ??= setTimeout(() => void this.#some(), delayMs).unref();
  }

  /** The record is in use again. */
  delete(key: string): void {
    this.#seqs.delete(key);
  }

  /** Removes all that are left now. A removal that fails leaves one small record. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#seqs.size > 0) await this.#batch();
  }

  async #some(): Promise<void> {
    await this.#batch();
    this.#timer = this.#seqs.size === 0 ? undefined : setTimeout(() => void this.#some(), delayMs).unref();
  }

  async #batch(): Promise<void> {
    const batch = [...this.#seqs].slice(0, atOnce);
    for (const [key] of batch) this.#seqs.delete(key);
    await Promise.allSettled(batch.map(([key, seq]) => this.#remove(key, seq)));
  }
}
