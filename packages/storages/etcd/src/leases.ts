import type { LeaseClient } from 'etcd3';

/** A lease of etcd: what hangs on it is gone when its time is over by the clock of etcd's leader. */
export interface EtcdLease {
  readonly id: string;
  /** How long it lasts after it was granted or kept alive, in seconds. */
  readonly seconds: number;
  /** Settles when it is sure to last that long from now on; false when it was over. */
  readonly ready: Promise<boolean>;
}

/** How many leases of one length are kept for the next who needs one. */
const keptIdle = 64;
/** From so many seconds on a lease is made a second longer, so that it need not be kept alive each time it is used again. */
const longFrom = 10;
/** Of how many leases it is known how old they are. */
const knownAges = 10_000;

/** Granted leases, which are used again: a grant is a write of its own, to keep one alive is none. */
export class Leases {
  readonly #client: LeaseClient;
  readonly #timeoutMs: number;
  readonly #idle = new Map<number, string[]>();
  /** When a lease was last given its time, at the earliest. */
  readonly #since = new Map<string, number>();

  constructor(client: LeaseClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  /** One that lasts at least so many milliseconds: etcd counts in whole seconds, and makes short ones longer. */
  async take(leaseMs: number): Promise<EtcdLease> {
    const seconds = secondsOf(leaseMs);
    const idle = this.#idle.get(seconds) ?? [];
    for (let id = idle.pop(); id !== undefined; id = idle.pop()) {
      const age = performance.now() - (this.#since.get(id) ?? -Infinity);
      if (age <= seconds * 1000 - leaseMs) return { id, seconds, ready: Promise.resolve(true) };
      if (age <= seconds * 500) return { id, seconds, ready: this.keepAlive(id) };
      this.#since.delete(id);
    }
    const sentAt = performance.now();
    const { ID } = await this.#client.leaseGrant({ TTL: seconds }, this.#options());
    this.#note(ID, sentAt);
    return { id: ID, seconds, ready: Promise.resolve(true) };
  }

  /** Nothing hangs on it any more. */
  give({ id, seconds }: Pick<EtcdLease, 'id' | 'seconds'>): void {
    const idle = this.#idle.get(seconds) ?? [];
    this.#idle.set(seconds, idle);
    if (idle.length < keptIdle) {
      idle.push(id);
      return;
    }
    this.#since.delete(id);
    this.#client.leaseRevoke({ ID: id }, this.#options()).catch(() => undefined);
  }

  /** Gives a lease its time anew. False when it was over. */
  async keepAlive(id: string): Promise<boolean> {
    const sentAt = performance.now();
    const stream = await this.#client.leaseKeepAlive(this.#options());
    try {
      const lives = await new Promise<boolean>((resolve, reject) => {
        stream.on('data', ({ TTL }) => resolve(Number(TTL) > 0));
        stream.on('error', reject);
        stream.on('end', () => reject(new Error('the stream that keeps leases alive was closed')));
        stream.write({ ID: id });
      });
      if (lives) this.#note(id, sentAt);
      return lives;
    } finally {
      stream.on('error', () => undefined);
      stream.end();
    }
  }

  /** Ends those that nobody uses. */
  async close(): Promise<void> {
    const ids = [...this.#idle.values()].flat();
    this.#idle.clear();
    this.#since.clear();
    await Promise.allSettled(ids.map((ID) => this.#client.leaseRevoke({ ID }, this.#options())));
  }

  #note(id: string, sentAt: number): void {
    this.#since.delete(id);
    this.#since.set(id, sentAt);
    const [oldest] = this.#since.keys();
    if (this.#since.size > knownAges && oldest !== undefined) this.#since.delete(oldest);
  }

  #options(): { deadline: number } {
    return { deadline: Date.now() + this.#timeoutMs };
  }
}

export function secondsOf(leaseMs: number): number {
  const seconds = Math.max(1, Math.ceil(leaseMs / 1000));
  return seconds < longFrom ? seconds : seconds + 1;
}
