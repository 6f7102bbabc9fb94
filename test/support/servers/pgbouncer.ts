import { createConnection } from 'node:net';
import { writeFileSync } from 'node:fs';

import { type TestServer, startServer } from './server.ts';

/** A PgBouncer of its own for a test, in front of a PostgreSQL. */
export interface PgbouncerTestServer extends TestServer {
  /** `postgres://postgres@127.0.0.1:<port>/postgres` */
  readonly url: string;
}

/** How it shares its connections. */
export interface PgbouncerTestOptions {
  /** Port of the PostgreSQL on 127.0.0.1 behind it. */
  readonly target: number;
  /** After what a client gives its connection back. Default `transaction`. */
  readonly mode?: 'session' | 'transaction' | 'statement';
  /** Connections to the server. Default 5. */
  readonly poolSize?: number;
}

/** Starts a PgBouncer on a free port. */
export async function startPgbouncer(options: PgbouncerTestOptions): Promise<PgbouncerTestServer> {
  const server = await startServer({
    tool: 'pgbouncer',
    user: 'postgres',
    prepare: async ({ folder, port }) => {
      writeFileSync(`${folder}/users`, '"postgres" ""\n', { mode: 0o644 });
      writeFileSync(
        `${folder}/pgbouncer.ini`,
        `[databases]
postgres = user=postgres host=127.0.0.1 port=${options.target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${folder}/users
pool_mode = ${options.mode ?? 'transaction'}
default_pool_size = ${options.poolSize ?? 5}
max_client_conn = 500
`,
        { mode: 0o644 },
      );
    },
    arguments: ({ folder }) => [`${folder}/pgbouncer.ini`],
    isReady: ({ port }) => listens(port),
    stopSignal: 'SIGTERM',
  });
  return Object.assign(server, { url: `postgres://postgres@127.0.0.1:${server.port}/postgres` });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const end = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.on('error', () => end(false));
    socket.on('connect', () => end(true));
  });
}
