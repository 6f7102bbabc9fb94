import { MemoryStorage } from '@lockscope/storage';
import type { StorageOperation } from '@lockscope/testkit';
import { expect } from 'vitest';

import type { AcquireOptions, HeldLock, LockError, Locks } from '../../src/index.ts';
import { PolledStorage, UnheardStorage } from './storages.ts';
import { buildWorld, outcomeOf, settle, type Outcome, type World } from './world.ts';

/** One thing that happens in a {@link Campaign}. */
export type Step =
  | { readonly do: 'acquire' | 'acquire as ann'; readonly who: number; readonly key: number; readonly waitMs: number }
  | { readonly do: 'try' | 'force'; readonly who: number; readonly key: number }
  | { readonly do: 'release' | 'abort'; readonly which: number }
  | { readonly do: 'pass' | 'delay' | 'step the wall clock'; readonly ms: number }
  | { readonly do: 'fail' | 'lose reply'; readonly operation: string }
  | { readonly do: 'steal'; readonly key: number }
  | { readonly do: 'freeze' | 'thaw' };

interface Asked {
  readonly outcome: Outcome<HeldLock | undefined>;
  readonly controller: AbortController;
}

const keys = ['a', 'b'] as const;
const kinds = {
  'wakes waiters': MemoryStorage,
  'can only be asked': PolledStorage,
  'loses its notifications': UnheardStorage,
} as const;

/** Three processes over two locks of one storage, and a note of everything that must not be. */
export class Campaign {
  readonly breaches: string[] = [];
  readonly #world: World;
  readonly #finish: () => Promise<void>;
  readonly #processes: readonly Locks[];
  readonly #asked: Asked[] = [];
  readonly #held: HeldLock[] = [];
  /** Possessions that were taken away by hand: their holders cannot know at once. */
  readonly #robbed = new Set<string>();
  readonly #lastToken = new Map<string, number>();

  constructor(kind: keyof typeof kinds) {
    const { world, finish } = buildWorld(
      { leaseMs: 9000, poll: { minMs: 50, maxMs: 500 } },
      { kind: kinds[kind], ticking: true },
    );
    this.#world = world;
    this.#finish = finish;
    this.#processes = [world.locks, world.other(), world.other()];
  }

  async play(step: Step): Promise<void> {
    const { clock, storage } = this.#world;
    if (step.do === 'acquire') this.#ask(step.who, keyOf(step.key), { waitMs: step.waitMs });
    else if (step.do === 'acquire as ann') this.#ask(step.who, keyOf(step.key), { waitMs: step.waitMs, owner: 'ann' });
    else if (step.do === 'try') this.#ask(step.who, keyOf(step.key));
    else if (step.do === 'release')
      at(this.#held, step.which)
        ?.release()
        .catch(() => undefined);
    else if (step.do === 'abort') at(this.#asked, step.which)?.controller.abort();
    else if (step.do === 'pass') await clock.advance(step.ms);
    else if (step.do === 'fail') storage.failNext(step.operation as StorageOperation);
    else if (step.do === 'lose reply') storage.loseReply(step.operation as StorageOperation);
    else if (step.do === 'delay') storage.delay(step.ms);
    else if (step.do === 'freeze') storage.freeze();
    else if (step.do === 'thaw') storage.thaw();
    else if (step.do === 'force') await this.#force(step.who, keyOf(step.key));
    else if (step.do === 'steal') await this.#steal(keyOf(step.key));
    else if (step.do === 'step the wall clock') clock.stepWall(step.ms);
    await settle(clock);
    this.#checkHolders();
  }

  /** Ends all faults, gives everything its time, and looks at what is left. */
  async finish(): Promise<void> {
    const { clock, storage } = this.#world;
    storage.thaw();
    storage.delay(0);
    await clock.advance(60_000);
    for (const { outcome } of this.#asked) if (outcome.state === 'pending') this.breaches.push('an acquire hangs');
    for (const lock of this.#held) lock.release().catch(() => undefined);
    await this.#finish();
    for (const lock of this.#held) {
      if (lock.state === 'held' || lock.state === 'suspect') this.breaches.push(`${lock.key} is held after close()`);
    }
  }

  #ask(who: number, key: string, options?: AcquireOptions): void {
    const controller = new AbortController();
    const { signal } = controller;
    const locks = this.#process(who);
    const promise =
      options === undefined ? locks.tryAcquire(key, { signal }) : locks.acquire(key, { ...options, signal });
    this.#asked.push({ outcome: outcomeOf(promise), controller });
    promise
      .then(
        (lock) => lock && this.#granted(lock),
        (error: LockError) => expect(error.code).toMatch(/^LOCK/),
      )
      .catch((error: unknown) => this.breaches.push(String(error)));
  }

  #process(who: number): Locks {
    return this.#processes[who] ?? this.#world.locks;
  }

  #granted(lock: HeldLock): void {
    const { key, fencingToken, ownerId } = lock;
    const last = this.#lastToken.get(key) ?? 0;
    const enters = this.#held.some((other) => other.fencingToken === fencingToken && other.ownerId === ownerId);
    // What was taken away before its holder heard of the grant may be heard of in any order.
    if (fencingToken <= last && !(enters && fencingToken === last) && !this.#isRobbed(lock))
      this.breaches.push(`${key} was granted with token ${fencingToken} after ${last}`);
    this.#lastToken.set(key, Math.max(last, fencingToken));
    this.#held.push(lock);
    this.#checkHolders();
  }

  /** By their own clocks, whatever the storage says. */
  #checkHolders(): void {
    for (const key of keys) {
      const live = this.#held.filter((lock) => lock.key === key && !this.#isRobbed(lock) && lock.remainingMs() > 0);
      const tokens = new Set(live.map(({ fencingToken }) => fencingToken));
      if (tokens.size > 1) this.breaches.push(`${key} is held with the tokens ${[...tokens].join(' and ')}`);
    }
  }

  #isRobbed({ key, fencingToken }: Pick<HeldLock, 'key' | 'fencingToken'>): boolean {
    return this.#robbed.has(`${key} ${fencingToken}`);
  }

  async #rob(key: string): Promise<void> {
    const { record } = await this.#world.memory.read(key);
    if (record !== undefined) this.#robbed.add(`${key} ${record.fencingToken}`);
  }

  /** Past the faults, so that it is known when it happens. */
  async #steal(key: string): Promise<void> {
    await this.#rob(key);
    // Refused where the storage keeps the lock for a waiter.
    await this.#world.storage.steal(key, { leaseMs: 3000 }).catch(() => undefined);
  }

  async #force(who: number, key: string): Promise<void> {
    const { storage, clock } = this.#world;
    storage.thaw();
    storage.delay(0);
    await settle(clock);
    await this.#rob(key);
    outcomeOf(this.#process(who).forceRelease(key, { reason: 'campaign' }));
    await settle(clock);
  }
}

function keyOf(n: number): (typeof keys)[number] {
  return keys[n] ?? 'a';
}

function at<T>(list: readonly T[], n: number): T | undefined {
  return list.length === 0 ? undefined : list[n % list.length];
}
