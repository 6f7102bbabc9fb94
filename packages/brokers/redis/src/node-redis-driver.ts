import { inTime, reconnectPause, untilReady, type Argument, type Connection, type RedisDriver } from './driver.ts';

/** A client of node-redis, as far as it is used. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  // Of the client and of the cluster, which want different arguments.
  sendCommand(...args: never[]): Promise<unknown>;
}

interface Single {
  readonly isReady: boolean;
  readonly options?: { readonly socket?: object };
  sendCommand(args: readonly Argument[], options: object): Promise<unknown>;
  duplicate(overrides: object): Single;
  connect(): Promise<unknown>;
  destroy(): void;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
}

interface NodeRedis {
  createClient(options: object): Single;
}

/** True for a client of node-redis that is no cluster. */
export function isNodeRedis(client: unknown): client is NodeRedisClient {
  const { sendCommand, isReady, destroy } = Object(client) as Partial<Record<keyof Single, unknown>>;
  const looks = typeof sendCommand === 'function' && typeof isReady === 'boolean' && typeof destroy === 'function';
  return looks && !('masters' in Object(client));
}

/** Texts come as Buffers ('$'), maps of RESP 3 ('%') as lists. */
const answers = { typeMapping: { 36: Buffer, 37: Array } };

class NodeRedisConnection implements Connection {
  readonly client: Single;
  readonly #own: boolean;

  constructor(client: Single, own: boolean) {
    this.client = client;
    this.#own = own;
    if (!own) return;
    // Without a listener the process would end.
    client.on('error', () => undefined);
    // It goes on trying by itself; whoever sends a command waits for it.
    client.connect().catch(() => undefined);
  }

  async command(parts: readonly Argument[], timeoutMs: number): Promise<unknown> {
    if (this.#own && !this.client.isReady) await untilReady(this.client, timeoutMs);
    return inTime(this.client.sendCommand(parts, answers), timeoutMs);
  }

  close(): void {
    if (!this.#own) return;
    try {
      this.client.destroy();
    } catch {
      // It was closed already.
    }
  }
}

/** A client that was given, or one that is made with the package. */
export class NodeRedisDriver extends NodeRedisConnection implements RedisDriver {
  static given(client: NodeRedisClient): NodeRedisDriver {
    return new NodeRedisDriver(client as Single, false);
  }

  static make(redis: unknown, url: string): NodeRedisDriver {
    const socket = { reconnectStrategy: reconnectPause };
    const client = (redis as NodeRedis).createClient({ url, disableOfflineQueue: true, socket });
    return new NodeRedisDriver(client, true);
  }

  another(): Connection {
    const socket = { ...this.client.options?.socket, reconnectStrategy: reconnectPause };
    return new NodeRedisConnection(this.client.duplicate({ disableOfflineQueue: true, socket }), true);
  }
}
