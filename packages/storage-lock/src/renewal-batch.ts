import { StorageError, type LockStorage, type RenewRequest, type RenewResult } from '@lockscope/storage';
import { callStorage } from './storage-call.ts';

/** As many renewals go out in one call. */
const most = 1000;

interface Pending {
  readonly request: RenewRequest;
  readonly resolve: (result: RenewResult) => void;
  readonly reject: (error: unknown) => void;
}

/** @internal Renews leases: those that are due in one pass go to the storage together, where it can take many. */
export class RenewalBatch {
  readonly #storage: LockStorage;
  #pending: Pending[] | undefined = undefined;

  constructor(storage: LockStorage) {
    this.#storage = storage;
  }

  /** Whether it gains anything to be renewed together with others. */
  get takesMany(): boolean {
    return this.#storage.renewMany !== undefined;
  }

  /** What is asked from now on waits for {@link send}. */
  collect(): void {
    if (this.takesMany) this.#pending ??= [];
  }

  renew(request: RenewRequest): Promise<RenewResult> {
    const pending = this.#pending;
    if (pending === undefined) return this.#renewOne(request);
    return new Promise((resolve, reject) => pending.push({ request, resolve, reject }));
  }

  send(): void {
    const pending = this.#pending ?? [];
    this.#pending = undefined;
    if (pending.length === 1) {
      const [{ request, resolve, reject }] = pending as [Pending];
      this.#renewOne(request).then(resolve, reject);
      return;
    }
    for (let from = 0; from < pending.length; from += most) this.#sendMany(pending.slice(from, from + most));
  }

  #sendMany(pending: readonly Pending[]): void {
    const requests = pending.map(({ request }) => request);
    const reply = callStorage(() => this.#storage.renewMany?.(requests) ?? Promise.resolve([]));
    reply.then(
      (results) => pending.forEach(({ resolve, reject }, n) => answer(this.#storage, results[n], resolve, reject)),
      (error: unknown) => pending.forEach(({ reject }) => reject(error)),
    );
  }

  #renewOne({ key, leaseId, leaseMs, update }: RenewRequest): Promise<RenewResult> {
    return callStorage(() => this.#storage.renew(key, leaseId, leaseMs, update));
  }
}

function answer(
  { name }: LockStorage,
  result: RenewResult | StorageError | undefined,
  resolve: (result: RenewResult) => void,
  reject: (error: unknown) => void,
): void {
  if (result === undefined) reject(new StorageError(name, 'renew', 'it left out an answer'));
  else if ('renewed' in result) resolve(result);
  else reject(result);
}
