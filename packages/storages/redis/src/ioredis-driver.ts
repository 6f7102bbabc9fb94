import { type ChannelListener, type ClientSettings, type RedisDriver, type Subscription } from './driver.ts';
import type { Script } from './scripts/script.ts';
import { AnswerLimit } from './answer-limit.ts';
import { reconnectPause, untilReady } from './connection.ts';

/** A `Redis` or a `Cluster` of ioredis, as far as it is used. */
export interface IoredisClient {
  readonly status: string;
  readonly isCluster: boolean;
  /** What was agreed on with the server; not known before version 6. */
  readonly condition?: { readonly protocol?: number } | null;
  /** Its socket; a cluster has several, and none here. */
  readonly stream?: { cork(): void; uncork(): void };
  readonly options: {
    readonly keyPrefix?: string | Buffer | undefined;
    commandTimeout?: number | undefined;
    readonly maxRetriesPerRequest?: number | null | undefined;
    readonly enableOfflineQueue?: boolean | undefined;
  };
  evalsha(sha: string, keys: number, ...rest: string[]): Promise<unknown>;
  eval(source: string, keys: number, ...rest: string[]): Promise<unknown>;
  call(command: string, args: string[]): Promise<unknown>;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  disconnect(reconnect?: boolean): void;
}

interface Subscriber extends IoredisClient {
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  connect(): Promise<void>;
}

interface Duplicable {
  duplicate(...override: readonly unknown[]): Subscriber;
}

interface Cluster {
  nodes(role: 'master'): IoredisClient[];
}

/** @internal */
export class IoredisDriver implements RedisDriver {
  readonly client = 'ioredis';
  readonly cluster: boolean;
  readonly keyPrefix: string;
  readonly #client: IoredisClient;
  /** Set when the client is the storage's own. */
  readonly #limit: AnswerLimit | undefined;
  /** Commands since the turn began, and whether the turn before had several. */
  #inTurn = 0;
  #several = false;
  #corked: IoredisClient['stream'];

  /** `ownTimeoutMs`: the client is the storage's own, and may have no connection for so long. */
  constructor(client: IoredisClient, ownTimeoutMs?: number) {
    this.#client = client;
    this.#limit = ownTimeoutMs === undefined ? undefined : new AnswerLimit(ownTimeoutMs);
    this.cluster = client.isCluster;
    this.keyPrefix = String(client.options.keyPrefix ?? '');
  }

  get settings(): ClientSettings {
    const { commandTimeout: ofClient, maxRetriesPerRequest, enableOfflineQueue } = this.#client.options;
    return {
      commandTimeoutMs: this.#limit?.ms ?? ofClient,
      waitsForConnection: enableOfflineQueue !== false && maxRetriesPerRequest === null,
    };
  }

  run(script: Script, whole: boolean, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const client = this.#client;
    if (this.#limit !== undefined && client.status !== 'ready') return this.#later(script, whole, keys, args);
    this.#gather();
    return this.#inTime(
      whole
        ? client.eval(script.source, keys.length, ...keys, ...args)
        : client.evalsha(script.sha, keys.length, ...keys, ...args),
    );
  }

  async ask(...[command, ...args]: readonly [string, ...string[]]): Promise<readonly unknown[]> {
    await this.#ready();
    return Promise.all(this.#nodes().map((node) => this.#inTime(node.call(command, args))));
  }

  async *scan(pattern: string): AsyncGenerator<readonly string[]> {
    await this.#ready();
    for (const node of this.#nodes()) {
      let cursor = '0';
      do {
        const page = await this.#inTime(node.call('SCAN', [cursor, 'MATCH', pattern, 'COUNT', '1000']));
        const [next, names] = page as [string, string[]];
        yield names;
        cursor = next;
      } while (cursor !== '0');
    }
  }

  subscribe(channel: string, listener: ChannelListener): Subscription {
    if (this.#hearsItself) return this.#subscribeOn(this.#client as Subscriber, channel, listener);
    const subscriber = this.#duplicate();
    // Without a listener the process would end; whoever waits asks meanwhile.
    subscriber.on('error', () => undefined);
    this.#subscribeOn(subscriber, channel, listener);
    subscriber.connect().catch(() => undefined);
    return {
      isAhead: false,
      close: () => {
        subscriber.disconnect();
        return Promise.resolve();
      },
    };
  }

  close(): Promise<void> {
    if (this.#limit !== undefined) this.#client.disconnect();
    return Promise.resolve();
  }

  async #later(...command: Parameters<IoredisDriver['run']>): Promise<unknown> {
    await this.#ready();
    return this.run(...command);
  }

  /**
   * With RESP3 a connection that listens takes commands as before. One that was given is left alone: the server would
   * hold it to the limits that it has for those who listen.
   */
  get #hearsItself(): boolean {
    return this.#limit !== undefined && !this.cluster && this.#client.condition?.protocol === 3;
  }

  /** Resubscribing is done here, so that it is known from when on nothing is missed. */
  #subscribeOn(client: Subscriber, channel: string, listener: ChannelListener): Subscription {
    const begin = async (): Promise<void> => {
      try {
        await this.#inTime(client.subscribe(channel));
        listener.live();
      } catch {
        listener.lost();
      }
    };
    const heard = (from: unknown, text: unknown): void => {
      if (from === channel) listener.message(String(text));
    };
    const connected = (): void => void begin();
    const gone = (): void => listener.lost();
    client.on('message', heard);
    for (const event of ['ready', '+subscriber']) client.on(event, connected);
    for (const event of ['close', '-subscriber']) client.on(event, gone);
    const isAhead = client.status === 'ready';
    if (isAhead) {
      // In one write with the attempt behind it, so that nobody's attempt overtakes this one on its way.
      const { stream } = client;
      stream?.cork();
      connected();
      process.nextTick(() => stream?.uncork());
    }
    return {
      isAhead,
      close: () => {
        client.off('message', heard);
        for (const event of ['ready', '+subscriber']) client.off(event, connected);
        for (const event of ['close', '-subscriber']) client.off(event, gone);
        // Nobody waits for a server that may stand still; what it still says is not heard.
        client.unsubscribe(channel).catch(() => undefined);
        return Promise.resolve();
      },
    };
  }

  /** A client that was given waits by its own rules. */
  async #ready(): Promise<void> {
    if (this.#limit !== undefined && this.#client.status !== 'ready') await untilReady(this.#client, this.#limit.ms);
  }

  /**
   * ioredis writes each command by itself. Those of one turn go out in one write, which halves what they cost; but one
   * alone is sooner on its way without that, so it is only done after a turn that had several.
   */
  #gather(): void {
    this.#inTurn += 1;
    if (this.#inTurn > 1) return;
    const { stream } = this.#client;
    this.#corked = this.#several && stream?.cork !== undefined ? stream : undefined;
    this.#corked?.cork();
    process.nextTick(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#several = this.#inTurn > 1;
    this.#inTurn = 0;
    this.#corked?.uncork();
    this.#corked = undefined;
  };

  #inTime<T>(answer: Promise<T>): Promise<T> {
    return this.#limit === undefined ? answer : this.#limit.keep(answer);
  }

  #nodes(): readonly IoredisClient[] {
    return this.cluster ? (this.#client as unknown as Cluster).nodes('master') : [this.#client];
  }

  #duplicate(): Subscriber {
    const options = {
      autoResubscribe: false,
      lazyConnect: true,
      // Three commands less for each connection. A server that still loads its data takes subscriptions.
      enableReadyCheck: false,
      disableClientInfo: true,
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      retryStrategy: reconnectPause,
    };
    const client = this.#client as unknown as Duplicable;
    if (!this.cluster) return client.duplicate({ ...options, keyPrefix: '', commandTimeout: undefined });
    return client.duplicate(undefined, { ...options, clusterRetryStrategy: reconnectPause, keyPrefix: '' });
  }
}
