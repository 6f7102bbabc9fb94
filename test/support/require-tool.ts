import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a test needs from outside npm: the names its binary goes by, and the Debian package that brings it. */
type Tool = { readonly names: readonly string[]; readonly debian: string; readonly folders?: readonly string[] };

const tools: Readonly<Record<string, Tool>> = {
  chromium: { names: ['chromium', 'chromium-browser', 'google-chrome'], debian: 'chromium' },
  'redis-server': { names: ['redis-server'], debian: 'redis-server' },
  'nats-server': { names: ['nats-server'], debian: 'nats-server', folders: ['/usr/sbin'] },
  'redis-cli': { names: ['redis-cli'], debian: 'redis-tools' },
  etcd: { names: ['etcd'], debian: 'etcd-server' },
  postgres: { names: ['postgres'], debian: 'postgresql', folders: versioned('/usr/lib/postgresql') },
  initdb: { names: ['initdb'], debian: 'postgresql', folders: versioned('/usr/lib/postgresql') },
  pg_isready: { names: ['pg_isready'], debian: 'postgresql-client' },
  pgbouncer: { names: ['pgbouncer'], debian: 'pgbouncer', folders: ['/usr/sbin'] },
  mariadbd: { names: ['mariadbd', 'mysqld'], debian: 'mariadb-server', folders: ['/usr/sbin'] },
  'mariadb-install-db': { names: ['mariadb-install-db', 'mysql_install_db'], debian: 'mariadb-server' },
  'mariadb-admin': { names: ['mariadb-admin', 'mysqladmin'], debian: 'mariadb-client' },
  prometheus: { names: ['prometheus'], debian: 'prometheus' },
  promtool: { names: ['promtool'], debian: 'prometheus' },
  unshare: { names: ['unshare'], debian: 'util-linux' },
  taskset: { names: ['taskset'], debian: 'util-linux' },
};

export type FoundTool =
  | { readonly name: string; readonly path: string; readonly missing?: never }
  | { readonly name: string; readonly path?: never; readonly missing: string };

/**
 * Finds the binary of a tool: `<NAME>_BIN` in the environment (`CHROMIUM_BIN`, `REDIS_SERVER_BIN`) decides, else
 * PATH. When there is none, `missing` says so in words that fit into the title of a skipped suite.
 */
export function requireTool(name: string): FoundTool {
  const tool = tools[name] ?? { names: [name], debian: name };
  const variable = `${name.replaceAll('-', '_').toUpperCase()}_BIN`;
  const given = process.env[variable];
  if (given !== undefined) {
    return executable(given) ? { name, path: given } : { name, missing: `${name}: ${variable}=${given} cannot be run` };
  }
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...(tool.folders ?? [])].filter(Boolean);
  for (const candidate of tool.names) {
    for (const folder of folders) {
      const path = join(folder, candidate);
      if (executable(path)) return { name, path };
    }
  }
  return { name, missing: `${name} is not installed (Debian: apt-get install ${tool.debian}; or set ${variable})` };
}

/** True where a missing tool is a failure and not a skip. */
export function toolsAreRequired(): boolean {
  return process.env['REQUIRE_SERVERS'] === '1';
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function versioned(folder: string): string[] {
  try {
    const versions = readdirSync(folder).toSorted((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(folder, version, 'bin'));
  } catch {
    return [];
  }
}
