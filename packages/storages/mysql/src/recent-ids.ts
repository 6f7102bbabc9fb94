const atLeast = 1024;

/** Leases of which this process knows something, for as long as they can last. A hint: the record is what counts. */
export class RecentIds {
  readonly #ids = new Map<string, number>();
  #sweepAt = atLeast;

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** `until` in epoch milliseconds, `Infinity` for ever. */
  add(id: string, until: number): void {
    this.#ids.set(id, until);
    if (this.#ids.size < this.#sweepAt) return;
    const now = Date.now();
    for (const [known, end] of this.#ids) if (end <= now) this.#ids.delete(known);
    this.#sweepAt = Math.max(atLeast, this.#ids.size * 2);
  }

  delete(id: string): void {
    this.#ids.delete(id);
  }
}
