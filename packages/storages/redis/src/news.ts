import type { AcquireRequest, LeaseNews } from '@lockscope/storage';
import type { RedisDriver, Subscription } from './driver.ts';
import { readMessage, readNews } from './message.ts';

type Tell = (news: LeaseNews) => void;

/** A lease that somebody watches. */
export interface Watched {
  readonly key: string;
  /** Of the lock, as the server knows it. */
  readonly name: string;
  readonly tells: Set<Tell>;
  /** It was put in line, so a lock that looks free may be another's turn. */
  inLine: boolean;
  /** What it asked last, as it goes on record. */
  request: AcquireRequest | undefined;
}

/** Who watches which lease, and the one subscription that all of them share. Open while anybody watches, and a bit longer. */
export class News {
  readonly #driver: RedisDriver;
  readonly #channel: string;
  readonly #lingerMs: number;
  /** By lease. More than one where the same id stands for leases of several locks. */
  readonly #watchers = new Map<string, Watched[]>();
  #subscription: Subscription | undefined;
  #live = false;
  #wasLive = false;
  #notLiveSince = 0;
  /** Those who wait for the subscription. */
  readonly #waiting = new Set<() => void>();
  #linger: NodeJS.Timeout | undefined;
  #idleSince = 0;
  #closed = false;

  constructor(driver: RedisDriver, channel: string, lingerMs: number) {
    this.#driver = driver;
    this.#channel = channel;
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
    return this.#watchers.get(leaseId)?.find((one) => one.key === key);
  }

  /** `name`: of the lock, as the server knows it. */
  watch(key: string, name: string, leaseId: string, tell: Tell): () => void {
    if (this.#closed) return () => undefined;
    const entry: Tell = (news) => tell(news);
    const watched =
      this.watched(key, leaseId) ??
      this.#add(leaseId, { key, name, tells: new Set(), inLine: false, request: undefined });
    watched.tells.add(entry);
    this.#open();
    return () => this.#unwatch(leaseId, watched, entry);
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

  #add(leaseId: string, watched: Watched): Watched {
    const same = this.#watchers.get(leaseId);
    if (same === undefined) this.#watchers.set(leaseId, [watched]);
    else same.push(watched);
    return watched;
  }

  #unwatch(leaseId: string, watched: Watched, entry: Tell): void {
    if (!watched.tells.delete(entry) || watched.tells.size > 0) return;
    const others = this.#watchers.get(leaseId)?.filter((one) => one !== watched) ?? [];
    if (others.length > 0) this.#watchers.set(leaseId, others);
    else this.#watchers.delete(leaseId);
    if (this.#watchers.size > 0) return;
    this.#idleSince = performance.now();
    if (this.#linger === undefined) this.#lingerFor(this.#lingerMs);
  }

  /** A timer that is under way is left alone by those who come and go meanwhile. */
  #lingerFor(ms: number): void {
    this.#linger = setTimeout(() => {
      this.#linger = undefined;
      const left = this.#idleSince + this.#lingerMs - performance.now();
      if (this.#watchers.size > 0) return;
      if (left > 0) this.#lingerFor(left);
      else void this.#end();
    }, ms).unref();
  }

  #open(): void {
    if (this.#subscription !== undefined) return;
    this.#notLiveSince = performance.now();
    const subscription: Subscription = this.#driver.subscribe(this.#channel, {
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
    const tells = [...this.#watchers.values()].flat().flatMap((each) => [...each.tells]);
    for (const tell of tells) tell({ type: 'ask' });
  }

  #message(text: string): void {
    const message = readMessage(text);
    if (message === undefined) return;
    const watched = this.#watchers.get(message.leaseId)?.find(({ name }) => name === message.name);
    const news = watched && readNews(message, watched.request);
    if (watched === undefined || news === undefined) return;
    if (news.type === 'granted') watched.inLine = false;
    for (const tell of Array.from(watched.tells)) tell(news);
  }
}
