import { type TestServer, answers, startServer } from './server.ts';

/** A NATS server of its own for a test. */
export interface NatsTestServer extends TestServer {
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
}

/** How it is set up. */
export interface NatsTestOptions {
  /** Default true. Its data stay over `restart`. */
  readonly jetstream?: boolean;
  /** More arguments for `nats-server`: `['-c', '/path/of/nats.conf']`. */
  readonly args?: readonly string[];
}

/** Starts a NATS server on a free port. */
export async function startNats(options: NatsTestOptions = {}): Promise<NatsTestServer> {
  const { jetstream = true, args = [] } = options;
  const server = await startServer({
    tool: 'nats-server',
    arguments: ({ port, folder }) => {
      const own = ['-a', '127.0.0.1', '-p', String(port)];
      return [...own, ...(jetstream ? ['-js', '-sd', folder] : []), ...args];
    },
    isReady: ({ port }) => answers(port, '', /^INFO /),
  });
  return Object.assign(server, { url: `nats://127.0.0.1:${server.port}` });
}
