import { createConnection } from 'node:net';

import { requireTool } from '../require-tool.ts';
import { type TestServer, runTool, startServer, subfolder } from './server.ts';

/** A MariaDB of its own for a test. */
export interface MariadbTestServer extends TestServer {
  /** `mysql://root@127.0.0.1:<port>`, without a database; its root has no password. */
  readonly url: string;
}

/** How it keeps its data. */
export interface MariadbTestOptions {
  /** Every commit is on disk before it is answered. Default: a kill loses nothing, a power failure could. */
  readonly persistent?: boolean;
  /** More arguments for `mariadbd`: `['--read-only']`. */
  readonly args?: readonly string[];
}

/** Starts a MariaDB on a free port. Its data survive `restart`. */
export async function startMariadb(options: MariadbTestOptions = {}): Promise<MariadbTestServer> {
  const server = await startServer({
    tool: 'mariadbd',
    user: 'mysql',
    prepare: async (place) => {
      const install = requireTool('mariadb-install-db');
      if (install.missing !== undefined) throw new Error(install.missing);
      // One that starts removes temporary tables that it finds, those of others too: each has a folder of its own.
      const folders = [`--datadir=${place.folder}/data`, `--tmpdir=${subfolder(place, 'tmp')}`];
      const args = ['--no-defaults', ...folders, '--skip-test-db'];
      await runTool(install.path, [...args, '--auth-root-authentication-method=normal'], place);
    },
    arguments: ({ port, folder }) => [
      '--no-defaults',
      `--datadir=${folder}/data`,
      `--tmpdir=${folder}/tmp`,
      `--socket=${folder}/socket`,
      `--pid-file=${folder}/pid`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      '--innodb-buffer-pool-size=64M',
      // 2: the system has every commit, so that a kill loses none of them.
      `--innodb-flush-log-at-trx-commit=${options.persistent === true ? 1 : 2}`,
      ...(options.args ?? []),
    ],
    isReady: ({ port }) => greets(port),
  });
  return Object.assign(server, { url: `mysql://root@127.0.0.1:${server.port}` });
}

/** True when the server greets a client: a packet with protocol version 10. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const end = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('data', (bytes: Buffer) => end(bytes[4] === 10));
  });
}
