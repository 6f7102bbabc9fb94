/** @internal Counts what is still under way in the storage although nobody waits for it; `close()` does. */
export class Leftovers {
  #open = 0;
  #drained: (() => void) | undefined;

  add(): void {
    this.#open += 1;
  }

  done(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#drained?.();
  }

  /** Resolves when nothing is under way. */
  drained(): Promise<void> {
    return this.#open === 0 ? Promise.resolve() : new Promise((resolve) => (this.#drained = resolve));
  }
}
