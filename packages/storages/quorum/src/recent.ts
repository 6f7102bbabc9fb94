/** The last texts that were added; older ones are forgotten, so that it does not grow. */
export class Recent {
  readonly #texts = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add(text: string): void {
    const [oldest] = this.#texts;
    if (this.#texts.size >= this.#most && oldest !== undefined) this.#texts.delete(oldest);
    this.#texts.add(text);
  }

  has(text: string): boolean {
    return this.#texts.has(text);
  }
}
