import type { Granted, LeaseNews } from '@lockscope/storage';
import type { RedisDriver, Subscription } from './driver.ts';

type Tell = (news: LeaseNews) => void;

/** How a message is read; a storage knows what a record looks like. */
export interface NewsReader {
  readonly channel: string;
  /** The lease and the result in a text of the grant; undefined when it cannot be read. */
  granted(fields: readonly string[]): { readonly leaseId: string; readonly result: Granted } | undefined;
  lease(word: string): string;
}

/** Who watches which lease, and the one subscription that all of them share. Open while anybody watches, and a bit longer. */
export class News {
  readonly #driver: RedisDriver;
  readonly #reader: NewsReader;
  readonly #lingerMs: number;
  /** By the full name of the lock, then by lease. */
  readonly #watchers = new Map<string, Map<string, Set<Tell>>>();
  #subscription: Subscription | undefined;
  #live = false;
  #wasLive = false;
  /** Those who wait for the subscription. */
  readonly #waiting = new Set<() => void>();
  #linger: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(driver: RedisDriver, reader: NewsReader, lingerMs: number) {
    this.#driver = driver;
    this.#reader = reader;
    this.#lingerMs = lingerMs;
  }

  /** True when nothing that is said now is missed. */
  get isLive(): boolean {
    return this.#live;
  }

  watches(name: string, leaseId: string): boolean {
    return this.#watchers.get(name)?.has(leaseId) === true;
  }

  watch(name: string, leaseId: string, tell: Tell): () => void {
    if (this.#closed) return () => undefined;
    const entry: Tell = (news) => tell(news);
    const leases = this.#watchers.get(name) ?? new Map<string, Set<Tell>>();
    const tells = leases.get(leaseId) ?? new Set<Tell>();
    this.#watchers.set(name, leases.set(leaseId, tells.add(entry)));
    this.#open();
    return () => this.#unwatch(name, leaseId, entry);
  }

  /** Resolves when the subscription is live, at most so many milliseconds later; tells whether it is. */
  untilLive(ms: number): Promise<boolean> {
    if (this.#live || this.#closed) return Promise.resolve(this.#live);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve(this.#live);
      };
      const timer = setTimeout(settle, ms);
      this.#waiting.add(settle);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.clear();
    await this.#end();
    for (const settle of this.#waiting) settle();
  }

  #unwatch(name: string, leaseId: string, entry: Tell): void {
    const leases = this.#watchers.get(name);
    const tells = leases?.get(leaseId);
    if (leases === undefined || tells?.delete(entry) !== true) return;
    if (tells.size === 0) leases.delete(leaseId);
    if (leases.size === 0 && this.#watchers.get(name) === leases) this.#watchers.delete(name);
    if (this.#watchers.size > 0 || this.#linger !== undefined) return;
    this.#linger = setTimeout(() => void this.#end(), this.#lingerMs).unref();
  }

  #open(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    if (this.#subscription !== undefined) return;
    const subscription: Subscription = this.#driver.subscribe(this.#reader.channel, {
      message: (text) => this.#subscription === subscription && this.#message(text),
      live: () => this.#subscription === subscription && this.#became(true),
      lost: () => this.#subscription === subscription && this.#became(false),
    });
    this.#subscription = subscription;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    const subscription = this.#subscription;
    this.#subscription = undefined;
    this.#live = false;
    this.#wasLive = false;
    await subscription?.close();
  }

  #became(live: boolean): void {
    this.#live = live;
    if (!live) return;
    for (const settle of this.#waiting) settle();
    if (this.#wasLive) this.#askAll();
    this.#wasLive = true;
  }

  /** News may have been missed. */
  #askAll(): void {
    for (const leases of [...this.#watchers.values()]) {
      for (const tells of [...leases.values()]) for (const tell of [...tells]) tell({ type: 'ask' });
    }
  }

  #message(text: string): void {
    const [type, name = '', ...fields] = text.split('\n');
    const leases = this.#watchers.get(name);
    if (leases === undefined) return;
    if (type === 'forced') {
      this.#tell(leases, this.#reader.lease(fields[0] ?? ''), { type: 'forced' });
    } else if (type === 'granted') {
      const grant = this.#reader.granted([name, ...fields]);
      if (grant !== undefined) this.#tell(leases, grant.leaseId, { type: 'granted', result: grant.result });
    }
  }

  #tell(leases: ReadonlyMap<string, ReadonlySet<Tell>>, leaseId: string, news: LeaseNews): void {
    for (const tell of [...(leases.get(leaseId) ?? [])]) tell(news);
  }
}
