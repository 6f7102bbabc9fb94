import {
  FewValues,
  acquireOutcomes,
  attemptResults,
  eventTypes,
  lockModes,
  lostReasons,
  otherValue,
  pseudoBlockers,
  releaseReasons,
  renewOutcomes,
  type EventType,
} from '@lockscope/core';

import type { AttributeCaps } from './metrics-options.ts';

const storagePrefix = 'storage.';

/** From the type of a storage's event to the operation in it. */
export const storeOperations: ReadonlyMap<EventType, string> = new Map(
  (Object.keys(eventTypes) as EventType[])
    .filter((type) => type.startsWith(storagePrefix))
    .map((type) => [type, type.slice(storagePrefix.length)]),
);

/** Every attribute with the values that it may take: capped where users choose them, fixed where the catalogue does. */
export class FewValued {
  readonly names: FewValues;
  readonly systems: FewValues;
  readonly errorTypes: FewValues;
  readonly listeners: FewValues;
  readonly modes: FewValues;
  readonly acquireOutcomes: FewValues;
  readonly attemptResults: FewValues;
  readonly releaseReasons: FewValues;
  readonly renewOutcomes: FewValues;
  readonly lostReasons: FewValues;
  readonly #operations: FewValues;
  readonly #blamePairs = new Set<string>();
  readonly #edges = new Set<string>();
  readonly #caps: Required<AttributeCaps>;
  readonly #onFold: (reason: string) => void;

  constructor(caps: Required<AttributeCaps>, onFold: (reason: string) => void) {
    const capped = (known: string[], room: number, reason: string): FewValues =>
      new FewValues(known, room, { onFold: () => onFold(reason) });
    this.names = capped([], caps.names, 'names');
    this.systems = capped([], caps.systems, 'systems');
    this.errorTypes = capped([''], caps.errorTypes, 'error_types');
    this.listeners = capped([], caps.listeners, 'listeners');
    this.#operations = capped(['unknown', ...Object.values(pseudoBlockers)], caps.operations, 'operations');
    // Only records that were written elsewhere can have others.
    const fixed = (values: readonly string[]): FewValues => capped([...values], 0, 'unknown_values');
    this.modes = fixed(lockModes);
    this.acquireOutcomes = fixed(acquireOutcomes);
    this.attemptResults = fixed(attemptResults);
    this.releaseReasons = fixed(releaseReasons);
    this.renewOutcomes = fixed(renewOutcomes);
    this.lostReasons = fixed(lostReasons);
    this.#caps = caps;
    this.#onFold = onFold;
  }

  /** What the blocker and what the waiter was doing, for one charge. */
  blamePair(name: string, blockerOperation: unknown, waiterOperation: unknown): readonly [string, string] {
    const waiter = this.#operations.taken(waiterOperation);
    const blocker = this.#operations.taken(blockerOperation);
    if (waiter === undefined || blocker === undefined) this.#operations.fold();
    return this.#pair(
      this.#blamePairs,
      this.#caps.blamePairs,
      'blame_pairs',
      [blocker ?? otherValue, waiter ?? otherValue],
      name,
    );
  }

  /** Undefined for two of one name: they have no order among them that their name could tell. */
  orderEdge(held: unknown, to: string): readonly [string, string] | undefined {
    const from = this.names.resolve(held);
    if (from === to) return undefined;
    return this.#pair(this.#edges, this.#caps.orderEdges, 'order_edges', [from, to], '');
  }

  #pair(
    known: Set<string>,
    most: number,
    reason: string,
    pair: readonly [string, string],
    of: string,
  ): readonly [string, string] {
    const id = JSON.stringify([of, ...pair]);
    if (known.has(id)) return pair;
    const folded = pair[0] === otherValue && pair[1] === otherValue;
    if (!folded && known.size >= most) {
      this.#onFold(reason);
      return [otherValue, otherValue];
    }
    if (!folded) known.add(id);
    return pair;
  }
}
