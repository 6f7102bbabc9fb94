import type { Labels } from './labels.ts';
import { PairSeries } from './pair-series.ts';
import type { ValueFamily } from './value-family.ts';

/** Which lock names are asked for while which others are held. */
export class OrderEdges {
  readonly #labels: Labels;
  readonly #pairs: PairSeries;

  constructor(family: ValueFamily, labels: Labels) {
    this.#labels = labels;
    this.#pairs = new PairSeries(labels.orderEdges, (from, to) => family.add({ 'lock.from': from, 'lock.to': to }));
  }

  /** Counts one acquire of `to`. Several locks of one name have no order among them that their name could tell. */
  count(holding: readonly string[], to: string): void {
    for (const held of new Set(holding)) {
      const from = this.#labels.names.resolve(held);
      if (from !== to) this.#pairs.find(from, to).add(1);
    }
  }
}
