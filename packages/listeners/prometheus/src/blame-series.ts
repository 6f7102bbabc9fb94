import type { Charge } from './blame.ts';
import { other } from './label-values.ts';
import type { Labels } from './labels.ts';
import type { ValueCell, ValueFamily } from './value-family.ts';

/** Blocked time of one lock name, by what the waiter and what the blocker was doing. */
export class BlameSeries {
  readonly #name: string;
  readonly #family: ValueFamily;
  readonly #labels: Labels;
  readonly #byWaiter = new Map<string, Map<string, ValueCell>>();

  constructor(name: string, family: ValueFamily, labels: Labels) {
    this.#name = name;
    this.#family = family;
    this.#labels = labels;
  }

  charge(waiterOperation: unknown, { operation, ms }: Charge): void {
    const { operations } = this.#labels;
    const waiter = operations.taken(waiterOperation);
    const blocker = operations.taken(operation);
    if (waiter === undefined || blocker === undefined) operations.fold();
    this.#cell(waiter ?? other, blocker ?? other).add(ms);
  }

  #cell(waiter: string, blocker: string): ValueCell {
    const found = this.#byWaiter.get(waiter)?.get(blocker);
    if (found !== undefined) return found;
    const folded = waiter === other && blocker === other;
    if (!folded && !this.#labels.takePair()) return this.#cell(other, other);
    const cell = this.#family.add({
      'lock.name': this.#name,
      'lock.blocker_operation': blocker,
      'lock.waiter_operation': waiter,
    });
    const byBlocker = this.#byWaiter.get(waiter) ?? new Map<string, ValueCell>();
    this.#byWaiter.set(waiter, byBlocker.set(blocker, cell));
    return cell;
  }
}
