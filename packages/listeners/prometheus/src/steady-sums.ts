import type { CellSets } from './cell-sets.ts';

/**
 * Keeps counters from going back by rounding. The same numbers, added in another order, differ in their last digit, and
 * a counter that goes back by that little has started anew for Prometheus: it would count all of it again.
 */
export class SteadySums {
  #last: ReadonlyMap<string, readonly (number | null)[]> = new Map();

  /** Puts what was given out before in the place of sums that are less by rounding only. */
  steady(merged: CellSets): void {
    const given = new Map<string, readonly (number | null)[]>();
    for (const { name, type, parts } of merged.values()) {
      if (type === 'gauge') continue;
      for (const [shape, { byLabels }] of parts) {
        for (const [key, cell] of byLabels) {
          const series = `${name} ${shape} ${key}`;
          const last = this.#last.get(series);
          const values = cell.values.map((value, index) => notLess(value, last?.[index] ?? null));
          given.set(series, values);
          byLabels.set(key, { ...cell, values });
        }
      }
    }
    this.#last = given;
  }
}

/** Far more than rounding can be, and far less than anybody counts. */
const rounding = 1e-12;

function notLess(value: number | null, last: number | null): number | null {
  if (value === null || last === null || value >= last) return value;
  return last - value <= last * rounding ? last : value;
}
