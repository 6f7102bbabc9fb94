import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { AcquireRequest, AcquireResult, LockRecord, LockStorage } from '@lockscope/storage';

import type { CheckedStorageOptions, StorageFaults, StorageSetup } from './options.ts';

/** An attempt that was granted. */
export type Granted = Extract<AcquireResult, { acquired: true }>;
/** An attempt that was refused. */
export type Refused = Extract<AcquireResult, { acquired: false }>;

/** What a release needs to know. */
export type Lease = Pick<AcquireRequest, 'key' | 'leaseId'>;

type Verbs = Required<StorageFaults<StorageSetup>>;
type VerbArguments<V extends keyof Verbs> = Parameters<Verbs[V]> extends [StorageSetup, ...infer R] ? R : never;

/** A lease that does not run out while a case runs. */
export const longLeaseMs = 600_000;

/** One run of one case: a fresh storage, and the words in which cases speak. */
export class Trial {
  readonly storage: LockStorage;
  readonly options: CheckedStorageOptions<StorageSetup>;
  readonly #setup: StorageSetup;
  readonly #opened: LockStorage[];

  private constructor(setup: StorageSetup, options: CheckedStorageOptions<StorageSetup>) {
    this.storage = setup.storage;
    this.options = options;
    this.#setup = setup;
    this.#opened = [setup.storage];
  }

  /** Makes a storage, runs the case on it, and cleans up whatever came of it. */
  static async run(options: CheckedStorageOptions<StorageSetup>, body: (trial: Trial) => Promise<void>): Promise<void> {
    const setup = await options.create();
    const trial = new Trial(setup, options);
    const failures: unknown[] = [];
    const attempt = async (step: () => unknown): Promise<void> => {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    };
    await attempt(() => body(trial));
    await attempt(() => trial.closeAll());
    await attempt(() => options.dispose?.(setup));
    if (failures.length > 0) throw failures[0];
  }

  /** Another instance on the same data; the same one where the storage has no other. */
  async second(): Promise<LockStorage> {
    const { second } = this.options;
    return second === undefined ? this.storage : this.#keep(await second(this.#setup));
  }

  /** Closes every instance and opens the data anew. */
  async reopen(): Promise<LockStorage> {
    await this.closeAll();
    assert.ok(this.options.reopen !== undefined);
    return this.#keep(await this.options.reopen(this.#setup));
  }

  async closeAll(): Promise<void> {
    for (const storage of this.#opened) await storage.close();
  }

  async advance(ms: number): Promise<void> {
    const { advance } = this.options;
    if (advance === undefined) await sleep(ms);
    else await advance(this.#setup, ms);
  }

  /** Lets a short lease run out, and a bit more. */
  async passShortLease(): Promise<void> {
    await this.advance(this.shortMs * 1.2 + 10);
  }

  get shortMs(): number {
    return this.options.shortLeaseMs;
  }

  /** Uses a verb that the case stated to need. */
  async fault<V extends keyof Verbs>(verb: V, ...rest: VerbArguments<V>): Promise<void> {
    const act = this.options.faults[verb] as ((setup: StorageSetup, ...rest: unknown[]) => unknown) | undefined;
    assert.ok(act !== undefined);
    await act.call(this.options.faults, this.#setup, ...rest);
  }

  /** An attempt of a new owner, with a long lease. */
  request(key: string, more: Partial<AcquireRequest> = {}): AcquireRequest {
    const leaseId = randomUUID();
    return { key, leaseId, leaseMs: longLeaseMs, holder: { ownerId: `owner-${leaseId}` }, ...more };
  }

  /** Acquires, and demands that it is granted. */
  async take(
    key: string,
    more: Partial<AcquireRequest> = {},
    storage: LockStorage = this.storage,
  ): Promise<LockRecord> {
    return (await this.grant(this.request(key, more), storage)).record;
  }

  async grant(request: AcquireRequest, storage: LockStorage = this.storage): Promise<Granted> {
    const result = await storage.acquire(request);
    assert.ok(result.acquired, `${show(request.key)} should have been given to ${request.leaseId}: ${show(result)}`);
    return result;
  }

  async refuse(request: AcquireRequest, storage: LockStorage = this.storage): Promise<Refused> {
    const result = await storage.acquire(request);
    assert.ok(!result.acquired, `${show(request.key)} should have been refused: ${show(result)}`);
    return result;
  }

  /** Releases, and demands that it was done. */
  async release({ key, leaseId }: Lease, storage: LockStorage = this.storage): Promise<void> {
    const { released } = await storage.release(key, leaseId);
    assert.equal(released, true, `${show(key)} was not released although ${leaseId} has it`);
  }

  /** Demands that a release is refused, and that the answer names the holder where it says anything of one. */
  async cannotRelease(
    { key, leaseId }: Lease,
    holder: LockRecord | undefined,
    storage: LockStorage = this.storage,
  ): Promise<void> {
    const result = await storage.release(key, leaseId);
    assert.equal(result.released, false, `${show(key)} was released although ${leaseId} does not have it`);
    if ('record' in result) assert.deepEqual(result.record, holder, 'the refusal names another holder');
  }

  /** Demands that `record` has the lock, unchanged. */
  async holds(record: LockRecord, storage: LockStorage = this.storage): Promise<void> {
    assert.deepEqual((await storage.read(record.key)).record, record, `the record of ${show(record.key)} has changed`);
  }

  /** Demands that nobody has the lock. */
  async isFree(key: string, storage: LockStorage = this.storage): Promise<void> {
    assert.equal((await storage.read(key)).record, undefined, `${show(key)} should have no holder`);
  }

  /** Waits until it is so, for real, at most as long as the options allow. */
  async eventually(holds: () => boolean, patienceMs: number = this.options.patienceMs): Promise<boolean> {
    const end = performance.now() + patienceMs;
    while (!holds()) {
      if (performance.now() > end) return false;
      await sleep(2);
    }
    return true;
  }

  /** The promise's answer, or a failure that says what was waited for, when it does not come in time. */
  async inTime<T>(what: string, promise: Promise<T>, patienceMs: number = this.options.patienceMs): Promise<T> {
    const stop = new AbortController();
    const late = (async (): Promise<never> => {
      await sleep(patienceMs, undefined, stop);
      return assert.fail(`${what} did not settle within ${patienceMs} ms`);
    })();
    try {
      return await Promise.race([promise, late]);
    } finally {
      late.catch(() => undefined);
      stop.abort();
    }
  }

  #keep(storage: LockStorage): LockStorage {
    this.#opened.push(storage);
    return storage;
  }
}

/** Storages that keep whole milliseconds in several columns may be off by one. */
export function about(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= 1, `${what} should be ${expected}, is ${actual}`);
}

/** A value as a message shows it. */
export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/** Demands that the promise rejects with an error of this code. */
export async function rejectsWith(code: string, what: string, start: () => Promise<unknown>): Promise<void> {
  let promise: Promise<unknown>;
  try {
    promise = start();
  } catch (error) {
    assert.fail(`${what} threw at once instead of rejecting: ${String(error)}`);
  }
  try {
    const value = await promise;
    assert.fail(`${what} should have rejected with ${code}, gave ${show(value)}`);
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.equal((error as { code?: unknown }).code, code, `${what} rejected with another error: ${String(error)}`);
  }
}

/** Every lock that `list` gives. */
export async function listed(storage: LockStorage, prefix?: string): Promise<LockRecord[]> {
  const records: LockRecord[] = [];
  for await (const { record } of storage.list(prefix === undefined ? undefined : { prefix })) records.push(record);
  return records;
}
