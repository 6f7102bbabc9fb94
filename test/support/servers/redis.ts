import { type TestServer, answers, startServer } from './server.ts';

/** A Redis of its own for a test. */
export interface RedisTestServer extends TestServer {
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
}

/** How it keeps its data. */
export interface RedisTestOptions {
  /** Every write is on disk before it is answered, so that `restart` loses nothing. Default: `restart` loses all. */
  readonly persistent?: boolean;
  /** More arguments for `redis-server`: `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[];
}

/** Starts a Redis on a free port. */
export async function startRedis(options: RedisTestOptions = {}): Promise<RedisTestServer> {
  const durability = options.persistent ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const server = await startServer({
    tool: 'redis-server',
    arguments: ({ port, folder }) => {
      const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
      return [...own, ...durability, ...(options.args ?? [])];
    },
    isReady: ({ port }) => answers(port, 'PING\r\n', /^\+PONG/),
  });
  return Object.assign(server, { url: `redis://127.0.0.1:${server.port}` });
}
