import type { LeaseClient } from 'etcd3';

/** A lease of etcd: what hangs on it is gone when its time is over by the clock of etcd's leader. */
export interface EtcdLease {
  readonly id: string;
  /** How long it lasts after it was granted or kept alive, in seconds. */
  readonly seconds: number;
  /** Settles when it is sure to last that long from now on; false when it was over. */
  readonly ready: Promise<boolean>;
}

interface Idle {
  readonly id: string;
  readonly since: number;
}

/** How many leases of one length are kept for the next who needs one. */
const keptIdle = 64;

/** Granted leases, which are used again: a grant is a write of its own, to keep one alive is none. */
export class Leases {
  readonly #client: LeaseClient;
  readonly #timeoutMs: number;
  readonly #idle = new Map<number, Idle[]>();

  constructor(client: LeaseClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  /** One that lasts at least so many milliseconds: etcd counts in whole seconds, and makes short ones longer. */
  async take(leaseMs: number): Promise<EtcdLease> {
    const seconds = secondsOf(leaseMs);
    const oldest = performance.now() - seconds * 500;
    const idle = this.#idle.get(seconds) ?? [];
    for (let known = idle.pop(); known !== undefined; known = idle.pop()) {
      if (known.since > oldest) return { id: known.id, seconds, ready: this.keepAlive(known.id) };
    }
    const { ID } = await this.#client.leaseGrant({ TTL: seconds }, this.#options());
    return { id: ID, seconds, ready: Promise.resolve(true) };
  }

  /** Nothing hangs on it any more. */
  give({ id, seconds }: Pick<EtcdLease, 'id' | 'seconds'>): void {
    const idle = this.#idle.get(seconds) ?? [];
    this.#idle.set(seconds, idle);
    if (idle.length < keptIdle) idle.push({ id, since: performance.now() });
    else this.#client.leaseRevoke({ ID: id }, this.#options()).catch(() => undefined);
  }

  /** Gives a lease its time anew. False when it was over. */
  async keepAlive(id: string): Promise<boolean> {
    const stream = await this.#client.leaseKeepAlive(this.#options());
    try {
      return await new Promise<boolean>((resolve, reject) => {
        stream.on('data', ({ TTL }) => resolve(Number(TTL) > 0));
        stream.on('error', reject);
        stream.on('end', () => reject(new Error('the stream that keeps leases alive was closed')));
        stream.write({ ID: id });
      });
    } finally {
      stream.on('error', () => undefined);
      stream.end();
    }
  }

  /** Ends those that nobody uses. */
  async close(): Promise<void> {
    const ids = [...this.#idle.values()].flat().map(({ id }) => id);
    this.#idle.clear();
    await Promise.allSettled(ids.map((ID) => this.#client.leaseRevoke({ ID }, this.#options())));
  }

  #options(): { deadline: number } {
    return { deadline: Date.now() + this.#timeoutMs };
  }
}

export function secondsOf(leaseMs: number): number {
  return Math.max(1, Math.ceil(leaseMs / 1000));
}
