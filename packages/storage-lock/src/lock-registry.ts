import { templateName, type ListenerSet } from '@lockscope/core';
import type { Clock, LockStorage } from '@lockscope/storage';
import type { Acquisition } from './acquisition.ts';
import { DueQueue } from './due-queue.ts';
import type { KeyPattern } from './key-pattern.ts';
import { Leftovers } from './leftovers.ts';
import type { ResolvedLocksOptions } from './locks-options.ts';
import { OwnerIds } from './owner.ts';
import type { Possession } from './possession.ts';

/** @internal What one process knows of one key: who has it here, who asks the storage for it, who waits behind. */
export interface Place {
  holder: Possession | undefined;
  /** The one acquire of this process that asks the storage; the others wait behind it, first come first. */
  asking: Acquisition | undefined;
  /** Those who wait behind; made when the first one comes. */
  waiting: Set<Acquisition> | undefined;
}

const maxRememberedNames = 10_000;
const placesKept = 1000;

/** @internal What the parts of one set of locks share: its options, its timers, and a place for each key in use. */
export class LockRegistry {
  readonly options: ResolvedLocksOptions;
  readonly storage: LockStorage;
  readonly clock: Clock;
  readonly listeners: ListenerSet;
  readonly due: DueQueue;
  readonly ids: OwnerIds = new OwnerIds();
  readonly leftovers: Leftovers = new Leftovers();
  closed = false;
  readonly places: Map<string, Place> = new Map();
  /** Tries that ask beside the one whose turn it is. */
  readonly besides: Set<Acquisition> = new Set();
  #declared: readonly KeyPattern[] = [];
  readonly #names = new Map<string, string>();
  #sweepAt = placesKept;

  constructor(options: ResolvedLocksOptions, listeners: ListenerSet) {
    this.options = options;
    this.storage = options.storage;
    this.clock = options.clock;
    this.listeners = listeners;
    this.due = new DueQueue(options.clock);
  }

  place(key: string): Place {
    let place = this.places.get(key);
    if (place === undefined) {
      if (this.places.size >= this.#sweepAt) this.#sweep();
      this.places.set(key, (place = { holder: undefined, asking: undefined, waiting: undefined }));
    }
    return place;
  }

  /** A key that is used again and again keeps its place; when there are many, those that nobody uses are forgotten. */
  #sweep(): void {
    for (const [key, { holder, asking, waiting }] of this.places) {
      if (holder === undefined && asking === undefined && waiting === undefined) this.places.delete(key);
    }
    this.#sweepAt = Math.max(placesKept, 2 * this.places.size);
  }

  /** The possession of this process, if it has one that is alive at this moment. */
  heldHere(key: string): Possession | undefined {
    const holder = this.places.get(key)?.holder;
    return holder?.alive() === true ? holder : undefined;
  }

  /** A possession is over: the next of this process may ask. */
  ended(possession: Possession): void {
    const place = this.places.get(possession.key);
    if (place?.holder !== possession) return;
    place.holder = undefined;
    if (place.waiting !== undefined) this.proceed(place);
  }

  wait(place: Place, acquisition: Acquisition): void {
    (place.waiting ??= new Set()).add(acquisition);
  }

  /** An acquire is over, however it ended. */
  leave(place: Place, acquisition: Acquisition): void {
    if (place.asking === acquisition) place.asking = undefined;
    if (place.waiting === undefined) return;
    place.waiting.delete(acquisition);
    this.proceed(place);
  }

  /** Lets the first waiter ask when nobody of this process has the lock or asks for it. */
  proceed(place: Place): void {
    const { holder, asking, waiting } = place;
    if (waiting?.size === 0) place.waiting = undefined;
    if (holder !== undefined || asking !== undefined || waiting === undefined) return;
    for (const next of waiting) {
      waiting.delete(next);
      if (waiting.size === 0) place.waiting = undefined;
      return next.ask(place);
    }
  }

  declare(pattern: KeyPattern): void {
    if (this.#declared.some(({ name }) => name === pattern.name)) return;
    this.#declared = [...this.#declared, pattern].toSorted((one, other) => other.fixed - one.fixed);
    this.#names.clear();
  }

  /** The class of a key: of the declared ones the most definite that matches it, else a guess. */
  nameOf(key: string): string {
    let name = this.#names.get(key);
    if (name === undefined) {
      name = this.#declared.find((pattern) => pattern.matches(key))?.name ?? templateName(key);
      if (this.#names.size >= maxRememberedNames) this.#names.clear();
      this.#names.set(key, name);
    }
    return name;
  }
}
