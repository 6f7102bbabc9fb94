import type { AcquireRequest, LeaseNews } from '@lockscope/storage';
import type { RedisDriver, Subscription } from './driver.ts';

type Tell = (news: LeaseNews) => void;

/** What a process was told of one of its leases. */
export interface Message {
  readonly key: string;
  readonly leaseId: string;
  /** `request`: what this lease asked last, where it did. */
  news(request: AcquireRequest | undefined): LeaseNews;
}

/** Where messages come from and how they are read. */
export interface NewsReader {
  readonly channel: string;
  /** Undefined for what cannot be read. */
  read(text: string): Message | undefined;
}

/** A lease that somebody watches. */
export interface Watched {
  readonly tells: Set<Tell>;
  /** It was put in line, so a lock that looks free may be another's turn. */
  inLine: boolean;
  /** What it asked last, as it goes on record. */
  request: AcquireRequest | undefined;
}

/** Who watches which lease, and the one subscription that all of them share. Open while anybody watches, and a bit longer. */
export class News {
  readonly #driver: RedisDriver;
  readonly #reader: NewsReader;
  readonly #lingerMs: number;
  /** By key, then by lease. */
  readonly #watchers = new Map<string, Map<string, Watched>>();
  #subscription: Subscription | undefined;
  #live = false;
  #wasLive = false;
  #notLiveSince = 0;
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

  /** True where it hears on the connection that it asks on: then a release can see to it that others hear first. */
  get isOnOneConnection(): boolean {
    return this.#live && this.#subscription?.isAhead === true;
  }

  watched(key: string, leaseId: string): Watched | undefined {
    return this.#watchers.get(key)?.get(leaseId);
  }

  watch(key: string, leaseId: string, tell: Tell): () => void {
    if (this.#closed) return () => undefined;
    const entry: Tell = (news) => tell(news);
    const leases = this.#watchers.get(key) ?? new Map<string, Watched>();
    const watched = leases.get(leaseId) ?? { tells: new Set<Tell>(), inLine: false, request: undefined };
    watched.tells.add(entry);
    this.#watchers.set(key, leases.set(leaseId, watched));
    this.#open();
    return () => this.#unwatch(key, leaseId, entry);
  }

  /**
   * Resolves when the subscription is live, or when it has not been for so long. Undefined when that is so already:
   * nobody is held up for it again.
   */
  untilLive(ms: number): Promise<void> | undefined {
    const left = this.#notLiveSince + ms - performance.now();
    if (this.#live || this.#closed || left <= 0) return undefined;
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve();
      };
      const timer = setTimeout(settle, left);
      this.#waiting.add(settle);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.clear();
    await this.#end();
    for (const settle of this.#waiting) settle();
  }

  #unwatch(key: string, leaseId: string, entry: Tell): void {
    const leases = this.#watchers.get(key);
    const tells = leases?.get(leaseId)?.tells;
    if (leases === undefined || tells?.delete(entry) !== true) return;
    if (tells.size === 0) leases.delete(leaseId);
    if (leases.size === 0 && this.#watchers.get(key) === leases) this.#watchers.delete(key);
    if (this.#watchers.size > 0 || this.#linger !== undefined) return;
    this.#linger = setTimeout(() => void this.#end(), this.#lingerMs).unref();
  }

  #open(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    if (this.#subscription !== undefined) return;
    this.#notLiveSince = performance.now();
    const subscription: Subscription = this.#driver.subscribe(this.#reader.channel, {
      message: (text) => this.#subscription === subscription && this.#message(text),
      live: () => this.#subscription === subscription && this.#became(true),
      lost: () => this.#subscription === subscription && this.#became(false),
    });
    this.#subscription = subscription;
    this.#live = subscription.isAhead;
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
    if (this.#live && !live) this.#notLiveSince = performance.now();
    this.#live = live;
    if (!live) return;
    for (const settle of this.#waiting) settle();
    if (this.#wasLive) this.#askAll();
    this.#wasLive = true;
  }

  /** News may have been missed. */
  #askAll(): void {
    const tells = [...this.#watchers.values()].flatMap((leases) =>
      [...leases.values()].flatMap((each) => [...each.tells]),
    );
    for (const tell of tells) tell({ type: 'ask' });
  }

  #message(text: string): void {
    const message = this.#reader.read(text);
    if (message === undefined) return;
    const watched = this.watched(message.key, message.leaseId);
    if (watched === undefined) return;
    const news = message.news(watched.request);
    if (news.type === 'granted') watched.inLine = false;
    for (const tell of Array.from(watched.tells)) tell(news);
  }
}
