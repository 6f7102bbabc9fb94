import type { LockRecord, LockStorage, Predecessor } from '@lockscope/storage';
import { Lanes, started } from './lanes.ts';
import { Recent } from './recent.ts';

/** So many calls may wait for an answer of one storage; behind them it counts as gone until some are answered. */
const maxOpenCalls = 10_000;
/** So many leases are remembered for which it has no vote. */
const maxDoubts = 10_000;

/** One of the storages that vote. */
export class Voter {
  readonly name: string;
  readonly storage: LockStorage;
  readonly #lanes = new Lanes();
  /** Leases whose vote may yet be taken back, by a call that got no answer. */
  readonly #doubts = new Recent(maxDoubts);
  #open = 0;
  /** What its clock is behind this process's, as its last answer showed. */
  #behindMs = 0;

  constructor(name: string, storage: LockStorage) {
    this.name = name;
    this.storage = storage;
  }

  /** Asks it something that changes nothing. */
  look<T>(call: (storage: LockStorage) => Promise<T>): Promise<T> {
    return this.#counted(() => started(() => call(this.storage)));
  }

  /**
   * Asks it to change something for a lease, after all that was asked before for the same lease was answered. So a
   * release never arrives before the attempt that it takes back.
   */
  change<T>(lane: string, call: (storage: LockStorage) => Promise<T>): Promise<T> {
    return this.#counted(() => this.#lanes.run(lane, () => call(this.storage)));
  }

  /**
   * Takes back what was given for a lease, while nobody waits for it. When that gets no answer it may still happen, at
   * any time: then this voter has no vote for that lease any more.
   */
  takeBack(lane: string, call: (storage: LockStorage) => Promise<unknown>): void {
    this.change(lane, call).catch(() => this.#doubts.add(lane));
  }

  /** Whether what it gives for this lease may be taken back without notice. */
  isInDoubt(lane: string): boolean {
    return this.#doubts.has(lane);
  }

  /** Resolves when everything that was asked up to now has been answered. */
  settled(): Promise<void> {
    return this.#lanes.settled();
  }

  /** Its clock said `storageNow` when this process's said `localNow`. */
  heard(storageNow: number, localNow: number): void {
    this.#behindMs = localNow - storageNow;
  }

  /** A record in the times of this process. */
  local(record: LockRecord): LockRecord {
    const { acquiredAt, expiresAt } = record;
    return { ...record, acquiredAt: acquiredAt + this.#behindMs, expiresAt: expiresAt + this.#behindMs };
  }

  /** A predecessor in the times of this process. */
  localPredecessor({ releasedAt, expiredAt, ...rest }: Predecessor): Predecessor {
    return {
      ...rest,
      ...(releasedAt !== undefined && { releasedAt: releasedAt + this.#behindMs }),
      ...(expiredAt !== undefined && { expiredAt: expiredAt + this.#behindMs }),
    };
  }

  async #counted<T>(call: () => Promise<T>): Promise<T> {
    if (this.#open >= maxOpenCalls) throw new Error(`${maxOpenCalls} calls wait for its answer already`);
    this.#open += 1;
    try {
      return await call();
    } finally {
      this.#open -= 1;
    }
  }
}
