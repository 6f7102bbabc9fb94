import { inTime, reconnectPause, untilReady, type Argument, type Connection, type RedisDriver } from './driver.ts';

/** A `Redis` of ioredis, as far as it is used. */
export interface IoredisClient {
  readonly status: string;
  readonly isCluster: boolean;
  callBuffer(command: string, args: (string | Buffer)[]): Promise<unknown>;
  duplicate(override?: object): IoredisClient;
  connect(): Promise<void>;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  disconnect(reconnect?: boolean): void;
}

interface Ioredis {
  readonly Redis: new (url: string, options: object) => IoredisClient;
}

/** True for a client of ioredis that is no cluster. */
export function isIoredis(client: unknown): client is IoredisClient {
  const { callBuffer, isCluster } = Object(client) as Partial<Record<keyof IoredisClient, unknown>>;
  return typeof callBuffer === 'function' && isCluster === false;
}

/** A command that was not answered is not sent again by the client: whoever asked decides. */
const once = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: reconnectPause,
};

class IoredisConnection implements Connection {
  readonly client: IoredisClient;
  readonly #own: boolean;

  constructor(client: IoredisClient, own: boolean) {
    this.client = client;
    this.#own = own;
    // Without a listener it writes to the console. Who asks is told.
    if (own) client.on('error', () => undefined);
  }

  async command([name, ...args]: readonly Argument[], timeoutMs: number): Promise<unknown> {
    if (this.#own && this.client.status !== 'ready') await untilReady(this.client, timeoutMs);
    return inTime(this.client.callBuffer(String(name), args), timeoutMs);
  }

  close(): void {
    if (this.#own) this.client.disconnect();
  }
}

/** A client that was given, or one that is made with the package. */
export class IoredisDriver extends IoredisConnection implements RedisDriver {
  static given(client: IoredisClient): IoredisDriver {
    return new IoredisDriver(client, false);
  }

  static make(ioredis: unknown, url: string): IoredisDriver {
    const { Redis } = ioredis as Ioredis;
    return new IoredisDriver(new Redis(url, once), true);
  }

  another(): Connection {
    const client = this.client.duplicate({ ...once, lazyConnect: true, commandTimeout: undefined });
    const connection = new IoredisConnection(client, true);
    // It goes on trying by itself; whoever sends a command waits for it.
    client.connect().catch(() => undefined);
    return connection;
  }
}
