import type { AcquireRequest, LeaseUpdate, ListOptions, LockStorage, StorageCapabilities } from '@lockscope/storage';

/** A storage that keeps nothing over a restart. */
export class Restartable implements LockStorage {
  readonly name: string;
  readonly capabilities: StorageCapabilities;
  readonly #make: () => LockStorage;
  #running: LockStorage;

  constructor(make: () => LockStorage) {
    this.#make = make;
    this.#running = make();
    this.name = this.#running.name;
    this.capabilities = this.#running.capabilities;
  }

  restart(): void {
    this.#running = this.#make();
  }

  acquire(request: AcquireRequest): ReturnType<LockStorage['acquire']> {
    return this.#running.acquire(request);
  }

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): ReturnType<LockStorage['renew']> {
    return this.#running.renew(key, leaseId, leaseMs, update);
  }

  release(key: string, leaseId: string): ReturnType<LockStorage['release']> {
    return this.#running.release(key, leaseId);
  }

  forceRelease(key: string): ReturnType<LockStorage['forceRelease']> {
    return this.#running.forceRelease(key);
  }

  read(key: string): ReturnType<LockStorage['read']> {
    return this.#running.read(key);
  }

  list(options?: ListOptions): ReturnType<LockStorage['list']> {
    return this.#running.list(options);
  }

  close(): Promise<void> {
    return this.#running.close();
  }
}
