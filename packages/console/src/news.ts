/** The latest of what happened, each stamped with the revision at which it came. */
export class News<Item> {
  readonly #capacity: number;
  readonly #items: { readonly revision: number; readonly item: Item }[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(item: Item, revision: number): void {
    this.#items.push({ item, revision });
    if (this.#items.length > this.#capacity) this.#items.shift();
  }

  since(revision: number): Item[] {
    return this.#items.filter((entry) => entry.revision > revision).map(({ item }) => item);
  }
}
