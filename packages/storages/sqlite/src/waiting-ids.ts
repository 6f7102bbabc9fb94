const atLeast = 1024;

/** Which leases are on record as waiting, as far as this process put them there. A hint: the record is what counts. */
export class WaitingIds {
  readonly #ids = new Map<string, number>();
  #sweepAt = atLeast;

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string, now: number, forgetAt: number): void {
    this.#ids.set(id, forgetAt);
    if (this.#ids.size < this.#sweepAt) return;
    for (const [known, until] of this.#ids) if (until <= now) this.#ids.delete(known);
    this.#sweepAt = Math.max(atLeast, this.#ids.size * 2);
  }

  delete(id: string): void {
    this.#ids.delete(id);
  }
}
