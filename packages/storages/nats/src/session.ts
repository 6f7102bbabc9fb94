import { setTimeout as sleep } from 'node:timers/promises';
import { StorageClosedError, StorageError } from '@lockscope/storage';
import { Bucket, BucketReplacedError } from './bucket.ts';
import { describeFailure, isNobodyThere } from './failure.ts';
import { KnownLooks } from './known-looks.ts';
import { Leftovers } from './leftovers.ts';
import { Link, LinkDownError } from './link.ts';
import type { CheckedNatsOptions } from './nats-options.ts';
import { News, type Message } from './news.ts';
import { Records } from './records.ts';
import { ServerTime } from './server-time.ts';

/** What an operation works with once the bucket is open. */
export interface Open {
  readonly link: Link;
  readonly bucket: Bucket;
  readonly records: Records;
  readonly leftovers: Leftovers;
}

/** The connection and the bucket: opened by the first operation, looked for again when they are gone. */
export class Session {
  readonly time: ServerTime = new ServerTime(() => performance.now());
  readonly known: KnownLooks = new KnownLooks();
  readonly news: News;
  readonly #options: CheckedNatsOptions;
  #link: Link | undefined;
  #opening: Promise<Open> | undefined;
  #open: Open | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: CheckedNatsOptions, hear: (message: Message) => void) {
    this.#options = options;
    this.news = new News(options.bucket, hear);
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Undefined before the first operation, and while the bucket is looked for. */
  get open(): Open | undefined {
    return this.#open;
  }

  /** Runs an operation; whatever goes wrong is a `StorageError` that says what to do. */
  async call<T>(operation: string, work: (open: Open) => Promise<T>): Promise<T> {
    if (this.isClosed) throw new StorageClosedError('nats', operation);
    try {
      const open = this.#open ?? (await this.#opened());
      if (this.time.isStale) await open.bucket.tick();
      return await work(open);
    } catch (error) {
      if (this.isClosed) throw new StorageClosedError('nats', operation);
      if (error instanceof StorageError) throw error;
      if (error instanceof BucketReplacedError || isNobodyThere(error)) this.#forget();
      throw new StorageError('nats', operation, describeFailure(error, this.#options.timeoutMs), { cause: error });
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end());
  }

  async #end(): Promise<void> {
    this.news.close();
    await this.#opening?.catch(() => undefined);
    await this.#open?.leftovers.flush();
    this.#open = undefined;
    await this.#link?.close();
  }

  #opened(): Promise<Open> {
    this.#opening ??= this.#openNow().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #openNow(): Promise<Open> {
    const options = this.#options;
    const link = this.#link ?? (await Link.open(options, () => this.news.watchers.tellAllToAsk()));
    if (link.isClosed) throw new LinkDownError('the connection was closed');
    this.#link = link;
    const bucket = await Bucket.open(link, options, this.time);
    await firstTick(bucket);
    if (!this.isClosed) this.news.use(link);
    const records = new Records(bucket, this.time, options.conflictRetries);
    const leftovers = new Leftovers((key, seq) => {
      this.known.forget(key, seq);
      return bucket.remove(key, seq);
    });
    return (this.#open = { link, bucket, records, leftovers });
  }

  /** The stream is gone: the next operation looks for it, or makes it. */
  #forget(): void {
    this.#open = undefined;
    this.known.clear();
  }
}

/** A bucket that another process is making at this moment can be looked at before it takes messages. */
async function firstTick(bucket: Bucket): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await bucket.tick();
      return;
    } catch (error) {
      if (!isNobodyThere(error) || tries === 50) throw error;
      await sleep(20);
    }
  }
}
