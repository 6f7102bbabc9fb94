import { createConnection } from 'node:net';

import { requireTool } from '../require-tool.ts';
import { type TestServer, runTool, startServer } from './server.ts';

/** A PostgreSQL of its own for a test. */
export interface PostgresTestServer extends TestServer {
  /** `postgres://postgres@127.0.0.1:<port>/postgres`; its superuser has no password. */
  readonly url: string;
}

/** How it keeps its data. */
export interface PostgresTestOptions {
  /** Every commit is on disk before it is answered. Default: a kill loses nothing, a power failure could. */
  readonly persistent?: boolean;
  /** More arguments for `postgres`: `['-c', 'max_connections=10']`. */
  readonly args?: readonly string[];
}

/** Starts a PostgreSQL on a free port. Its data survive `restart`. */
export async function startPostgres(options: PostgresTestOptions = {}): Promise<PostgresTestServer> {
  const server = await startServer({
    tool: 'postgres',
    user: 'postgres',
    prepare: async (place) => {
      const initdb = requireTool('initdb');
      if (initdb.missing !== undefined) throw new Error(initdb.missing);
      const args = ['-D', `${place.folder}/data`, '-A', 'trust', '-U', 'postgres', '--no-locale', '-E', 'UTF8', '-N'];
      await runTool(initdb.path, args, place);
    },
    arguments: ({ port, folder }) => {
      const place = ['-D', `${folder}/data`, '-p', String(port)];
      const ways = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`];
      // Off: the system has every commit, so that a kill loses none of them.
      const disk = ['-c', `fsync=${options.persistent === true ? 'on' : 'off'}`];
      return [...place, ...ways, ...disk, ...(options.args ?? [])];
    },
    isReady: ({ port }) => takesConnections(port),
    stopSignal: 'SIGINT',
  });
  return Object.assign(server, { url: `postgres://postgres@127.0.0.1:${server.port}/postgres` });
}

/**
 * True when the server asks who comes (`R`), as it does not while it starts or recovers. The question is a start-up
 * packet of version 3.0 for the superuser.
 */
function takesConnections(port: number): Promise<boolean> {
  const parameters = Buffer.from('user\0postgres\0database\0postgres\0\0');
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + parameters.length, 0);
  head.writeInt32BE(196_608, 4);
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const end = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('connect', () => socket.write(Buffer.concat([head, parameters])));
    socket.on('data', (bytes: Buffer) => end(bytes[0] === 0x52));
  });
}
