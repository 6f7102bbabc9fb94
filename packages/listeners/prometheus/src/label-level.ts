import type { FewValues } from '@lockscope/core';

/** One label on the way to a cell: from what an event says to what belongs to it, made when it is first seen. */
export class LabelLevel<V> {
  readonly #found = new Map<unknown, V>();
  readonly #values: FewValues;
  readonly #make: (value: string) => V;

  constructor(values: FewValues, make: (value: string) => V) {
    this.#values = values;
    this.#make = make;
  }

  find(given: unknown): V {
    return this.#found.get(given) ?? this.#grow(given);
  }

  /** Only values are kept, not what was given for them: what is cut or folded comes here each time. */
  #grow(given: unknown): V {
    const value = this.#values.resolve(given);
    let found = this.#found.get(value);
    if (found === undefined) {
      found = this.#make(value);
      this.#found.set(value, found);
    }
    return found;
  }
}
