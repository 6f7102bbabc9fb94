import TinyQueue from 'tinyqueue';

/** Something that is due at a time. */
export interface Due {
  /** On the clock of whoever keeps the heap, in milliseconds. */
  dueAt: number;
  /** Decides between equal times: the smaller one is first. */
  order: number;
}

/** What is due, the earliest first. */
export class DueHeap<T extends Due> {
  #items = new TinyQueue<T>([], compare);

  first(): T | undefined {
    return this.#items.peek();
  }

  add(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first one out. */
  take(): T | undefined {
    return this.#items.pop();
  }

  /** Takes out all that fit; gives them in their order. */
  remove(fits: (item: T) => boolean): T[] {
    const removed: T[] = [];
    const kept: T[] = [];
    for (const item of this.#items.data) (fits(item) ? removed : kept).push(item);
    if (removed.length > 0) this.#items = new TinyQueue(kept, compare);
    return removed.toSorted(compare);
  }
}

function compare(a: Due, b: Due): number {
  return a.dueAt - b.dueAt || a.order - b.order;
}
