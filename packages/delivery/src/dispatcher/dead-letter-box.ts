import type { DeadLetter, DeadLetterFilter } from './dispatcher.ts';

/** What to do with a dead letter when there is no room for it. */
export type WhenFull = 'drop_oldest' | 'drop_newest';

/** Keeps so many dead letters. */
export class DeadLetterBox {
  readonly #capacity: number;
  readonly #whenFull: WhenFull;
  readonly #dropped: (letter: DeadLetter) => void;
  readonly #letters = new Set<DeadLetter>();

  constructor(capacity: number, whenFull: WhenFull, dropped: (letter: DeadLetter) => void) {
    this.#capacity = capacity;
    this.#whenFull = whenFull;
    this.#dropped = dropped;
  }

  add(letter: DeadLetter): void {
    if (this.#letters.size >= this.#capacity) {
      const [oldest] = this.#letters;
      if (this.#whenFull === 'drop_newest' || oldest === undefined) {
        this.#dropped(letter);
        return;
      }
      this.#letters.delete(oldest);
      this.#dropped(oldest);
    }
    this.#letters.add(letter);
  }

  list(filter: DeadLetterFilter): DeadLetter[] {
    return [...this.#letters].filter((letter) => fits(letter, filter));
  }

  remove(letter: DeadLetter): void {
    this.#letters.delete(letter);
  }
}

/** Whether a letter is among those that are meant. */
export function fits(letter: Pick<DeadLetter, 'id' | 'topic' | 'handler'>, filter: DeadLetterFilter): boolean {
  return (['id', 'topic', 'handler'] as const).every(
    (field) => filter[field] === undefined || filter[field] === letter[field],
  );
}
