import { type ChannelListener, type ClientSettings, type RedisDriver, type Subscription } from './driver.ts';
import type { Script } from './scripts/script.ts';
import { AnswerLimit } from './answer-limit.ts';
import { untilReady } from './connection.ts';

interface ScriptArguments {
  keys: string[];
  arguments: string[];
}

/** A client or a cluster of node-redis, as far as it is used. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  evalSha(sha: string, options: ScriptArguments): Promise<unknown>;
  eval(source: string, options: ScriptArguments): Promise<unknown>;
  // Of the client and of the cluster, which want different arguments.
  sendCommand(...args: never[]): Promise<unknown>;
}

interface Single extends NodeRedisClient {
  readonly options?: {
    readonly disableOfflineQueue?: boolean;
    readonly socket?: { readonly socketTimeout?: number };
  };
  readonly isReady: boolean;
  sendCommand(args: readonly string[]): Promise<unknown>;
  connect(): Promise<unknown>;
  duplicate(options?: object): Single;
  subscribe(channel: string, listener: (text: string) => void): Promise<unknown>;
  unsubscribe(channel: string, listener: (text: string) => void): Promise<unknown>;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  destroy?(): void;
  disconnect?(): Promise<void>;
}

interface Cluster extends NodeRedisClient {
  readonly masters: readonly object[];
  nodeClient(node: object): Single | Promise<Single>;
  duplicate(options?: object): ClusterSubscriber;
}

type ClusterSubscriber = Pick<Single, 'connect' | 'subscribe' | 'on' | 'destroy' | 'disconnect'>;

const lostEvents = ['error', 'end', 'reconnecting'] as const;

/** @internal */
export class NodeRedisDriver implements RedisDriver {
  readonly client = 'redis';
  readonly cluster: boolean;
  readonly keyPrefix = '';
  readonly #client: NodeRedisClient;
  /** Set when the client is the storage's own. */
  readonly #limit: AnswerLimit | undefined;

  /** `ownTimeoutMs`: the client is the storage's own, and may have no connection for so long. */
  constructor(client: NodeRedisClient, ownTimeoutMs?: number) {
    this.#client = client;
    this.#limit = ownTimeoutMs === undefined ? undefined : new AnswerLimit(ownTimeoutMs);
    this.cluster = 'masters' in client;
  }

  /** Begins to connect. Whoever asks meanwhile waits for it. */
  connect(): void {
    const client = this.#client as Single;
    // Without a listener the process would end.
    client.on('error', () => undefined);
    client.connect().catch(() => undefined);
  }

  get settings(): ClientSettings {
    const { options } = this.#client as Single;
    return {
      commandTimeoutMs: this.#limit?.ms ?? options?.socket?.socketTimeout,
      waitsForConnection: options?.disableOfflineQueue !== true,
    };
  }

  run(script: Script, whole: boolean, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const client = this.#client as Single;
    if (this.#limit !== undefined && !client.isReady) return this.#later(script, whole, keys, args);
    const options = { keys: keys as string[], arguments: args as string[] };
    const answer = whole ? client.eval(script.source, options) : client.evalSha(script.sha, options);
    return this.#inTime(answer);
  }

  async ask(...command: readonly [string, ...string[]]): Promise<readonly unknown[]> {
    await this.#ready();
    return Promise.all((await this.#nodes()).map((node) => this.#inTime(node.sendCommand(command))));
  }

  async *scan(pattern: string): AsyncGenerator<readonly string[]> {
    await this.#ready();
    for (const node of await this.#nodes()) {
      let cursor = '0';
      do {
        const page = await this.#inTime(node.sendCommand(['SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000']));
        const [next, names] = page as [string, string[]];
        yield names;
        cursor = next;
      } while (cursor !== '0');
    }
  }

  subscribe(channel: string, listener: ChannelListener): Subscription {
    if (this.#hearsItself) return this.#subscribeHere(channel, listener);
    const subscriber = (this.#client as Single).duplicate();
    // Without a listener the process would end; whoever waits asks meanwhile.
    for (const event of lostEvents) subscriber.on(event, () => listener.lost());
    let subscribed = false;
    subscriber.on('ready', () => subscribed && listener.live());
    const begin = async (): Promise<void> => {
      await subscriber.connect();
      await subscriber.subscribe(channel, (text) => listener.message(text));
      subscribed = true;
      listener.live();
    };
    begin().catch(() => listener.lost());
    return { isAhead: false, close: () => end(subscriber) };
  }

  /** As with ioredis; here the client subscribes again by itself. Version 4 knows no RESP3, and no `destroy`. */
  get #hearsItself(): boolean {
    return this.#limit !== undefined && !this.cluster && (this.#client as Single).destroy !== undefined;
  }

  #subscribeHere(channel: string, listener: ChannelListener): Subscription {
    const client = this.#client as Single;
    const lost = (): void => listener.lost();
    const heard = (text: string): void => listener.message(text);
    let subscribed = false;
    const begin = async (): Promise<void> => {
      try {
        if (!subscribed) await client.subscribe(channel, heard);
        subscribed = true;
        listener.live();
      } catch {
        lost();
      }
    };
    const ready = (): void => void begin();
    for (const event of lostEvents) client.on(event, lost);
    client.on('ready', ready);
    const isAhead = client.isReady;
    if (isAhead) ready();
    return {
      isAhead,
      close: () => {
        for (const event of lostEvents) client.off(event, lost);
        client.off('ready', ready);
        // Nobody waits for a server that may stand still; what it still says is not heard.
        client.unsubscribe(channel, heard).catch(() => undefined);
        return Promise.resolve();
      },
    };
  }

  async close(): Promise<void> {
    if (this.#limit !== undefined) await end(this.#client as Single);
  }

  async #later(...command: Parameters<NodeRedisDriver['run']>): Promise<unknown> {
    await this.#ready();
    return this.run(...command);
  }

  /** A client that was given waits by its own rules. */
  async #ready(): Promise<void> {
    const client = this.#client as Single;
    if (this.#limit !== undefined && !client.isReady) await untilReady(client, this.#limit.ms);
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    return this.#limit === undefined ? answer : this.#limit.keep(answer);
  }

  async #nodes(): Promise<readonly Single[]> {
    if (!this.cluster) return [this.#client as Single];
    const cluster = this.#client as Cluster;
    return Promise.all(cluster.masters.map(async (node) => cluster.nodeClient(node)));
  }
}

/** Version 4 says `disconnect` to what is `destroy` from version 5 on. */
async function end(client: Pick<Single, 'destroy' | 'disconnect'>): Promise<void> {
  try {
    if (client.destroy === undefined) await client.disconnect?.();
    else client.destroy();
  } catch {
    // It was closed already.
  }
}
