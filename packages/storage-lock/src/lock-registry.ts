import { ListenerSet, templateName } from '@lockscope/core';
import type { Clock, LockStorage } from '@lockscope/storage';
import type { Acquisition } from './acquisition.ts';
import { DueQueue } from './due-queue.ts';
import type { ResolvedLocksOptions } from './locks-options.ts';
import { OwnerIds } from './owner.ts';
import type { Possession } from './possession.ts';

/** @internal What one process knows of one key: who has it here, who asks the storage for it, who waits behind. */
export interface Place {
  holder: Possession | undefined;
  /** The one acquire of this process that asks the storage; the others wait behind it, first come first. */
  asking: Acquisition | undefined;
  readonly waiting: Set<Acquisition>;
}

const maxRememberedNames = 10_000;

/** @internal What the parts of one set of locks share: its options, its timers, and a place for each key in use. */
export class LockRegistry {
  readonly options: ResolvedLocksOptions;
  readonly storage: LockStorage;
  readonly clock: Clock;
  readonly listeners: ListenerSet;
  readonly due: DueQueue;
  readonly ids: OwnerIds = new OwnerIds();
  readonly places: Map<string, Place> = new Map();
  readonly #declared: { readonly name: string; readonly matches: RegExp }[] = [];
  readonly #names = new Map<string, string>();

  constructor(options: ResolvedLocksOptions, listeners: ListenerSet) {
    this.options = options;
    this.storage = options.storage;
    this.clock = options.clock;
    this.listeners = listeners;
    this.due = new DueQueue(options.clock);
  }

  place(key: string): Place {
    let place = this.places.get(key);
    if (place === undefined)
      this.places.set(key, (place = { holder: undefined, asking: undefined, waiting: new Set() }));
    return place;
  }

  /** The possession of this process, if it has one that is alive at this moment. */
  heldHere(key: string): Possession | undefined {
    const holder = this.places.get(key)?.holder;
    return holder?.alive() === true ? holder : undefined;
  }

  /** A possession is over: the next of this process may ask. */
  ended(possession: Possession): void {
    const place = this.places.get(possession.key);
    if (place === undefined) return;
    if (place.holder === possession) place.holder = undefined;
    this.proceed(possession.key, place);
  }

  /** Lets the first waiter ask when nobody of this process has the lock or asks for it. */
  proceed(key: string, place: Place): void {
    if (place.holder !== undefined || place.asking !== undefined) return;
    for (const next of place.waiting) {
      place.waiting.delete(next);
      return next.ask(place);
    }
    if (this.places.get(key) === place) this.places.delete(key);
  }

  declare(name: string, matches: RegExp): void {
    this.#declared.push({ name, matches });
    this.#names.clear();
  }

  /** The class of a key: the declared one that matches it, else a guess. */
  nameOf(key: string): string {
    let name = this.#names.get(key);
    if (name === undefined) {
      name = this.#declared.find(({ matches }) => matches.test(key))?.name ?? templateName(key);
      if (this.#names.size >= maxRememberedNames) this.#names.clear();
      this.#names.set(key, name);
    }
    return name;
  }
}
