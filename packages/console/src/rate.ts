const seconds = 10;

/** How often something happened in the last ten seconds, for each second. */
export class Rate {
  readonly #counts = new Map<number, number>();
  #first: number | undefined;

  count(at: number): void {
    const second = Math.floor(at / 1000);
    this.#first ??= second;
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + 1);
    if (this.#counts.size > 2 * seconds) this.#forget(second);
  }

  /** Counts whole seconds only, so that it does not flicker; before ten have passed, those that have. */
  perSecond(now: number): number {
    if (this.#first === undefined) return 0;
    const current = Math.floor(now / 1000);
    const from = Math.max(this.#first, current - seconds);
    let total = 0;
    for (let second = from; second < current; second += 1) total += this.#counts.get(second) ?? 0;
    return total / Math.max(1, current - from);
  }

  #forget(current: number): void {
    for (const second of this.#counts.keys()) if (second < current - seconds) this.#counts.delete(second);
  }
}
