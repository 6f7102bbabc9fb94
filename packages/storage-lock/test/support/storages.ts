import { MemoryStorage, type LeaseUpdate, type RenewResult, type StorageCapabilities } from '@lockscope/storage';

/** A storage whose client loses every other renewal: it never reaches the storage and is never answered. */
export class ForgetfulStorage extends MemoryStorage {
  #renewals = 0;

  override renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    this.#renewals += 1;
    return this.#renewals % 2 === 1 ? new Promise<never>(() => undefined) : super.renew(key, leaseId, leaseMs, update);
  }
}

/** A storage that can only be asked: it keeps no queue and tells nobody that a lock is free. */
export class PolledStorage extends MemoryStorage {
  override readonly capabilities: StorageCapabilities = {
    reach: 'process',
    durable: false,
    notifies: false,
    queues: false,
    shares: true,
    turns: false,
  };
}

/** A storage that keeps waiters in order but tells nobody of a release, as SQLite does. */
export class QueueingStorage extends MemoryStorage {
  override readonly capabilities: StorageCapabilities = {
    reach: 'process',
    durable: false,
    notifies: false,
    queues: true,
    shares: true,
    turns: false,
  };
}

/** A storage whose notifications all get lost. */
export class UnheardStorage extends MemoryStorage {
  override watch(): () => void {
    return () => undefined;
  }
}
