import { templateName, type ListenerSet } from '@lockscope/core';
import type { Clock, LockStorage } from '@lockscope/storage';
import type { Acquisition } from './acquisition.ts';
import type { AcquisitionState } from './acquisition-state.ts';
import { DueQueue } from './due-queue.ts';
import type { KeyPattern } from './key-pattern.ts';
import { Leftovers } from './leftovers.ts';
import type { ResolvedLocksOptions } from './locks-options.ts';
import { LoopWatch } from './loop-watch.ts';
import { OwnerIds } from './owner.ts';
import type { Possession } from './possession.ts';
import { RenewalBatch } from './renewal-batch.ts';
import { StorageTime } from './storage-time.ts';
import type { WaitPiece } from './wait-parts.ts';

/** @internal What one process knows of one key: who has it here, who asks the storage for it, who waits behind. */
export interface Place {
  holder: Possession | undefined;
  /** The one acquire of this process that asks the storage; the others wait behind it, first come first. */
  asking: Acquisition | undefined;
  /** Those who wait behind; made when the first one comes. */
  waiting: Set<Acquisition> | undefined;
  /** Those of this process who share it; made when the first one does. */
  sharers: Set<Possession> | undefined;
  /** Whether others have been seen to want it too: then it is asked for with a place in the storage's line. */
  contended: boolean;
  /** What the one that got it last learned of its wait, until those who wait behind have heard of it. */
  unheard: { readonly leader: AcquisitionState; readonly pieces: readonly WaitPiece[] } | undefined;
}

const noPlace: Place = Object.freeze({
  holder: undefined,
  asking: undefined,
  waiting: undefined,
  sharers: undefined,
  contended: false,
  unheard: undefined,
});
const maxRememberedNames = 10_000;
const placesKept = 1000;
/** So many names are told of those that an owner has. */
const mostHolding = 8;

/** @internal What the parts of one set of locks share: its options, its timers, and a place for each key in use. */
export class LockRegistry {
  readonly options: ResolvedLocksOptions;
  readonly storage: LockStorage;
  readonly clock: Clock;
  readonly listeners: ListenerSet;
  readonly due: DueQueue;
  readonly renewals: RenewalBatch;
  readonly loop: LoopWatch;
  readonly ids: OwnerIds = new OwnerIds();
  readonly leftovers: Leftovers = new Leftovers();
  /** What is known of the storage's clock; only waits that somebody wants to hear of ask for it. */
  readonly storageTime: StorageTime = new StorageTime();
  closed = false;
  readonly places: Map<string, Place> = new Map();
  /** Acquires that have no place among those of this process: tries, and those that share. */
  readonly besides: Set<Acquisition> = new Set();
  #declared: readonly KeyPattern[] = [];
  readonly #names = new Map<string, string>();
  /** What those owners have that were named, or are flows. */
  readonly #owned = new Map<string, Set<Possession>>();
  #sweepAt = placesKept;

  constructor(options: ResolvedLocksOptions, listeners: ListenerSet) {
    this.options = options;
    this.storage = options.storage;
    this.clock = options.clock;
    this.listeners = listeners;
    const renewals = new RenewalBatch(options.storage);
    this.renewals = renewals;
    this.loop = new LoopWatch(options.clock);
    this.due = new DueQueue(options.clock, { begins: () => renewals.collect(), ends: () => renewals.send() });
  }

  place(key: string): Place {
    let place = this.places.get(key);
    if (place === undefined) {
      if (this.places.size >= this.#sweepAt) this.#sweep();
      this.places.set(key, (place = { ...noPlace }));
    }
    return place;
  }

  /** A key that is used again and again keeps its place; when there are many, those that nobody uses are forgotten. */
  #sweep(): void {
    for (const [key, { holder, asking, waiting, sharers }] of this.places) {
      const used = holder ?? asking ?? waiting ?? sharers;
      if (used === undefined) this.places.delete(key);
    }
    this.#sweepAt = Math.max(placesKept, 2 * this.places.size);
  }

  /** The possession of this process, if it has one that is alive at this moment. */
  heldHere(key: string): Possession | undefined {
    const holder = this.places.get(key)?.holder;
    return holder?.alive() === true ? holder : undefined;
  }

  /** What this owner shares with others, if it is alive at this moment. */
  sharedBy(key: string, ownerId: string): Possession | undefined {
    for (const sharer of this.places.get(key)?.sharers ?? [])
      if (sharer.ownerId === ownerId && sharer.alive()) return sharer;
    return undefined;
  }

  /** Its owner is one that may have several. */
  owns(possession: Possession): void {
    const owned = this.#owned.get(possession.ownerId);
    if (owned === undefined) this.#owned.set(possession.ownerId, new Set([possession]));
    else owned.add(possession);
  }

  disowns(possession: Possession): void {
    if (this.#owned.size === 0) return;
    const owned = this.#owned.get(possession.ownerId);
    if (owned?.delete(possession) === true && owned.size === 0) this.#owned.delete(possession.ownerId);
  }

  /** The names of what an owner has in this process, the first ones; undefined when it has nothing. */
  holding(ownerId: string): readonly string[] | undefined {
    const owned = this.#owned.get(ownerId);
    if (owned === undefined) return undefined;
    const names = new Set<string>();
    for (const { name } of owned) {
      names.add(name);
      if (names.size === mostHolding) break;
    }
    return [...names];
  }

  /** A possession is over: the next of this process may ask. */
  ended(possession: Possession): void {
    this.disowns(possession);
    const place = this.places.get(possession.key);
    if (place?.sharers?.delete(possession) === true && place.sharers.size === 0) place.sharers = undefined;
    if (place?.holder !== possession) return;
    place.holder = undefined;
    // One that stands in the storage's line hears from it, or has to be sent.
    if (place.asking !== undefined && !this.storage.capabilities.notifies) place.asking.wake();
    else if (place.waiting !== undefined) this.proceed(place);
  }

  /** Who is to have it next without asking the storage: undefined when nobody waits here, or one stands in its line. */
  nextHere(possession: Possession): Acquisition | undefined {
    const place = this.places.get(possession.key);
    if (place?.holder !== possession || place.asking !== undefined) return undefined;
    const [next] = place.waiting ?? [];
    return next;
  }

  /**
   * A lock is given back to the storage. Where that hands it on, the next of this process joins its line before, so that
   * the lock is not free in between, and processes take turns.
   */
  releases(possession: Possession): void {
    const { notifies, queues } = this.storage.capabilities;
    if (!notifies || !queues) return;
    const place = this.places.get(possession.key);
    if (place?.holder === possession && place.waiting !== undefined) this.putOnRecord(place);
  }

  /** The first of those who wait here for a holder that keeps it for long joins the storage's line: others see them. */
  putOnRecord(place: Place): void {
    const { asking, waiting } = place;
    if (asking !== undefined || waiting === undefined || !this.storage.capabilities.queues) return;
    for (const next of waiting) {
      waiting.delete(next);
      if (waiting.size === 0) place.waiting = undefined;
      return next.askFirst(place, true);
    }
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
      return next.askFirst(place);
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
