/** Something that is due at a time. */
export interface Due {
  /** On the clock of whoever keeps the heap, in milliseconds. */
  dueAt: number;
  /** Decides between equal times: the smaller one is first. */
  order: number;
}

/** What is due, the earliest first. */
export class DueHeap<T extends Due> {
  #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent] as T;
      if (!before(item, above)) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  /** Takes the first one out. */
  take(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || last === first) return first;
    this.#sink(last);
    return first;
  }

  /** Takes out all that fit; gives them in their order. */
  remove(fits: (item: T) => boolean): T[] {
    const removed: T[] = [];
    const kept: T[] = [];
    for (const item of this.#items) (fits(item) ? removed : kept).push(item);
    if (removed.length === 0) return removed;
    // An array in order is a heap.
    this.#items = kept.toSorted(compare);
    return removed.toSorted(compare);
  }

  /** Puts an item in the place of the first one, and moves it down to where it belongs. */
  #sink(item: T): void {
    const items = this.#items;
    const half = items.length >> 1;
    let at = 0;
    while (at < half) {
      let child = 2 * at + 1;
      const right = items[child + 1];
      if (right !== undefined && before(right, items[child] as T)) child += 1;
      const below = items[child] as T;
      if (!before(below, item)) break;
      items[at] = below;
      at = child;
    }
    items[at] = item;
  }
}

function before(a: Due, b: Due): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
}

function compare(a: Due, b: Due): number {
  return before(a, b) ? -1 : 1;
}
