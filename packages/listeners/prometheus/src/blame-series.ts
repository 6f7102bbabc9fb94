import type { Charge } from './blame.ts';
import { otherValue } from '@lockscope/core';
import type { Labels } from './labels.ts';
import { PairSeries } from './pair-series.ts';
import type { ValueFamily } from './value-family.ts';

/** Blocked time of one lock name, by what the waiter and what the blocker was doing. */
export class BlameSeries {
  readonly #labels: Labels;
  readonly #pairs: PairSeries;

  constructor(name: string, family: ValueFamily, labels: Labels) {
    this.#labels = labels;
    this.#pairs = new PairSeries(labels.blamePairs, (waiter, blocker) => {
      return family.add({ 'lock.name': name, 'lock.blocker_operation': blocker, 'lock.waiter_operation': waiter });
    });
  }

  charge(waiterOperation: unknown, { operation, ms }: Charge): void {
    const { operations } = this.#labels;
    const waiter = operations.taken(waiterOperation);
    const blocker = operations.taken(operation);
    if (waiter === undefined || blocker === undefined) operations.fold();
    this.#pairs.find(waiter ?? otherValue, blocker ?? otherValue).add(ms);
  }
}
