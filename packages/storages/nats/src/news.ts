import { randomBytes } from 'node:crypto';
import { Watchers } from '@lockscope/storage/revisioned';
import type { Link } from './link.ts';
import { newsSubjectOf } from './subjects.ts';

/** What instances tell each other. */
export type Message =
  | {
      readonly type: 'granted';
      readonly key: string;
      readonly leaseId: string;
      readonly seq: number;
      readonly text: string;
    }
  | { readonly type: 'forced' | 'ask'; readonly key: string; readonly leaseId: string }
  | { readonly type: 'changed'; readonly key: string; readonly seq: number };

/** Who watches, and the one subscription through which they hear. */
export class News {
  readonly watchers: Watchers = new Watchers({ begin: () => this.#begin(), end: () => this.#end() });
  readonly #instance: string = randomBytes(12).toString('hex');
  readonly #bucket: string;
  readonly #hear: (message: Message) => void;
  #link: Link | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(bucket: string, hear: (message: Message) => void) {
    this.#bucket = bucket;
    this.#hear = hear;
  }

  /** Where those who hold or wait here hear; undefined while nobody listens. */
  get address(): string | undefined {
    return this.#unsubscribe === undefined ? undefined : this.#instance;
  }

  addressFor(key: string, leaseId: string): string | undefined {
    return this.watchers.has(key, leaseId) ? this.address : undefined;
  }

  /** What goes out over one connection is taken in order, so whatever is sent after this is sent by one who hears. */
  use(link: Link): void {
    if (this.#link === link) return;
    this.#end();
    this.#link = link;
    if (!this.watchers.isEmpty) this.#begin();
  }

  /** Gets lost when the connection is down: who waits asks now and then. */
  send(link: Link, address: string, message: Message): void {
    if (!link.isUp) return;
    link.connection.publish(newsSubjectOf(this.#bucket, address), JSON.stringify(message));
  }

  close(): void {
    this.watchers.close();
    this.#end();
  }

  #begin(): void {
    if (this.#unsubscribe !== undefined || this.#link === undefined || this.#link.isClosed) return;
    const subscription = this.#link.connection.subscribe(newsSubjectOf(this.#bucket, this.#instance), {
      callback: (error, message) => {
        const heard = error === null ? parseMessage(message.string()) : undefined;
        if (heard !== undefined) this.#hear(heard);
      },
    });
    this.#unsubscribe = () => subscription.unsubscribe();
  }

  #end(): void {
    const unsubscribe = this.#unsubscribe;
    this.#unsubscribe = undefined;
    if (this.#link?.isClosed === false) unsubscribe?.();
  }
}

function parseMessage(text: string): Message | undefined {
  try {
    const raw = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
    const { type, key, leaseId, seq, text: record } = raw ?? {};
    if (typeof key !== 'string') return undefined;
    if (type === 'changed') return typeof seq === 'number' ? { type, key, seq } : undefined;
    if (typeof leaseId !== 'string') return undefined;
    if (type === 'forced' || type === 'ask') return { type, key, leaseId };
    if (type !== 'granted' || typeof seq !== 'number' || typeof record !== 'string') return undefined;
    return { type, key, leaseId, seq, text: record };
  } catch {
    return undefined;
  }
}
