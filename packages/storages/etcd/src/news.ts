import { randomBytes } from 'node:crypto';
import { Watchers } from '@lockscope/storage/revisioned';
import type { Etcd3, Watcher } from 'etcd3';
import type { Keys } from './keys.ts';

/** What an instance is told of one of its leases. */
export type Message =
  | {
      readonly type: 'granted';
      readonly key: string;
      readonly leaseId: string;
      readonly etcdLease: string;
      readonly seconds: number;
      readonly text: string;
      readonly seq: number;
    }
  | { readonly type: 'forced'; readonly key: string; readonly leaseId: string };

/** Who watches, and the one watch of etcd through which they hear. */
export class News {
  readonly watchers: Watchers = new Watchers({ begin: () => this.#begin(), end: () => void this.#end() });
  readonly #instance: string = randomBytes(12).toString('hex');
  readonly #keys: Keys;
  readonly #hear: (message: Message) => void;
  #client: Etcd3 | undefined;
  /** The watch, and what settles when it hears for the first time. */
  #current: { readonly watcher: Watcher; readonly heard: Promise<void> } | undefined;
  #isUp = false;

  constructor(keys: Keys, hear: (message: Message) => void) {
    this.#keys = keys;
    this.#hear = hear;
  }

  /** Where those who hold or wait here hear; undefined while nobody listens. */
  get address(): string | undefined {
    return this.#isUp ? this.#instance : undefined;
  }

  addressFor(key: string, leaseId: string): string | undefined {
    return this.watchers.has(key, leaseId) ? this.address : undefined;
  }

  use(client: Etcd3): void {
    this.#client = client;
    if (!this.watchers.isEmpty) this.#begin();
  }

  /** Settles when it can hear, or when that takes longer than `ms`. */
  async ready(ms: number): Promise<void> {
    if (this.#isUp || this.#current === undefined) return;
    await within(ms, this.#current.heard);
  }

  /** Settles when etcd has ended the watch, or when that takes longer than `ms`. */
  async close(ms: number): Promise<void> {
    this.watchers.close();
    await within(ms, this.#end());
  }

  #begin(): void {
    if (this.#current !== undefined || this.#client === undefined) return;
    const watcher = this.#client.watch().prefix(this.#keys.allNews(this.#instance)).watcher();
    // What a watch says that has been given up since counts no more.
    const isCurrent = (): boolean => this.#current?.watcher === watcher;
    watcher.on('put', ({ value, mod_revision: revision }) => {
      const message = parseMessage(value.toString('utf8'), Number(revision));
      if (message !== undefined && isCurrent()) this.#hear(message);
    });
    watcher.on('disconnected', () => {
      if (isCurrent()) this.#isUp = false;
    });
    let wasUp = false;
    const heard = new Promise<void>((resolve, reject) => {
      watcher.on('connected', () => {
        if (!isCurrent()) return;
        this.#isUp = true;
        // Whatever happened since the connection was lost was told to nobody.
        if (wasUp) setImmediate(() => this.watchers.tellAllToAsk());
        wasUp = true;
        resolve();
      });
      watcher.on('error', (error) => {
        reject(error);
        if (!isCurrent()) return;
        this.#isUp = false;
        this.#current = undefined;
      });
    });
    heard.catch(() => undefined);
    this.#current = { watcher, heard };
  }

  /** The client connects a watch again by itself, so it is taken back also while the server is away. */
  async #end(): Promise<void> {
    const { watcher } = this.#current ?? {};
    this.#isUp = false;
    this.#current = undefined;
    await watcher?.cancel().catch(() => undefined);
  }
}

/** Waits until something has settled, however, or for `ms`. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}

function parseMessage(text: string, seq: number): Message | undefined {
  try {
    const raw = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
    const { type, key, leaseId, etcdLease, seconds, text: record } = raw ?? {};
    if (typeof key !== 'string' || typeof leaseId !== 'string') return undefined;
    if (type === 'forced') return { type, key, leaseId };
    if (
      type !== 'granted' ||
      typeof etcdLease !== 'string' ||
      typeof seconds !== 'number' ||
      typeof record !== 'string'
    )
      return undefined;
    return { type, key, leaseId, etcdLease, seconds, text: record, seq };
  } catch {
    return undefined;
  }
}
