import type { PoolOptions } from 'mysql2/promise';
import { unknownOptions } from '@lockscope/storage';
import { MysqlOptionsError } from './errors.ts';
import type { MysqlPool } from './mysql-pool.ts';

interface CommonOptions {
  /** Before the names of the four tables: letters, digits and `_`, at most 32. Default `lockscope_`. */
  readonly prefix?: string;
  /**
   * After so many milliseconds without an answer an operation fails, and its outcome is unknown; its connection is
   * given up. Shorter than the shortest lease, so that a holder still has time to try again. Default 5,000.
   */
  readonly commandTimeoutMs?: number;
}

/** Locks over a pool that you have. It is used as it is, and `close()` leaves it open. */
export interface MysqlPoolOptions extends CommonOptions {
  /**
   * A pool of `mysql2` or `mysql2/promise`, made with `multipleStatements: true`: an operation is several statements
   * in one command.
   */
  readonly pool: MysqlPool;
  readonly url?: never;
  readonly connection?: never;
  readonly connectionLimit?: never;
}

interface OwnPoolOptions extends CommonOptions {
  readonly pool?: never;
  /** At most so many connections at once, from 1 to 1,000. Default 4. */
  readonly connectionLimit?: number;
}

/** Locks over a pool that the storage makes and ends itself. */
export interface MysqlUrlOptions extends OwnPoolOptions {
  /** `mysql://user:password@host:3306/database` */
  readonly url: string;
  readonly connection?: never;
}

/** The same, with all that `mysql2` knows of a connection: `ssl`, `socketPath`, ... */
export interface MysqlConnectionOptions extends OwnPoolOptions {
  readonly connection: Omit<PoolOptions, 'connectionLimit' | 'multipleStatements'>;
  readonly url?: never;
}

/** Options of `MysqlStorage`: a pool, a URL, or what `mysql2` needs to connect. */
export type MysqlStorageOptions = MysqlPoolOptions | MysqlUrlOptions | MysqlConnectionOptions;

/** @internal */
export interface ResolvedOptions {
  readonly pool: MysqlPool | undefined;
  /** For `createPool`, when there is no pool. */
  readonly connection: PoolOptions;
  readonly prefix: string;
  readonly commandTimeoutMs: number;
}

const defaults = Object.freeze({ prefix: 'lockscope_', commandTimeoutMs: 5000, connectionLimit: 4 });
const known = new Set(['pool', 'url', 'connection', ...Object.keys(defaults)]);
const maxTimeoutMs = 2 ** 31 - 1;
const maxConnections = 1000;

/** @internal Fills in and checks, once; all problems in one error. */
export function resolveOptions(options: MysqlStorageOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null)
    throw new MysqlOptionsError(['give a pool, a url or a connection']);
  const problems = unknownOptions(options, known);
  const { pool, url, connection } = options;
  if ([pool, url, connection].filter((one) => one !== undefined).length !== 1)
    problems.push('give either a pool, a url or a connection');
  if (pool !== undefined && !isPool(pool)) problems.push('pool must be a pool of mysql2 or mysql2/promise');
  if (url !== undefined && !isUrl(url))
    problems.push(`url must be mysql://…, got ${typeof url === 'string' ? 'another text' : typeof url}`);
  if (connection !== undefined && (typeof connection !== 'object' || connection === null))
    problems.push(`connection must be an object, got ${connection === null ? 'null' : typeof connection}`);
  if (pool !== undefined && options.connectionLimit !== undefined)
    problems.push('connectionLimit goes with a url or a connection, a pool has its own');
  const { prefix = defaults.prefix } = options;
  if (typeof prefix !== 'string' || !/^\w{1,32}$/.test(prefix))
    problems.push(`prefix must be 1 to 32 letters, digits or _, got ${JSON.stringify(prefix)}`);
  const commandTimeoutMs = integer(options, 'commandTimeoutMs', maxTimeoutMs, problems);
  const connectionLimit = integer(options, 'connectionLimit', maxConnections, problems);
  if (problems.length > 0) throw new MysqlOptionsError(problems);
  return Object.freeze({
    pool,
    connection: {
      ...(url === undefined ? connection : { uri: url }),
      connectionLimit,
      multipleStatements: true,
      connectTimeout: commandTimeoutMs,
    },
    prefix,
    commandTimeoutMs,
  });
}

function integer(
  options: MysqlStorageOptions,
  name: 'commandTimeoutMs' | 'connectionLimit',
  max: number,
  problems: string[],
): number {
  const { [name]: value = defaults[name] } = options;
  if (!(Number.isInteger(value) && value >= 1 && value <= max))
    problems.push(`${name} must be a whole number from 1 to ${max}, got ${String(value)}`);
  return value;
}

function isUrl(value: unknown): boolean {
  return typeof value === 'string' && /^(?:mysql|mariadb):\/\//.test(value) && URL.canParse(value);
}

function isPool(value: unknown): boolean {
  const { getConnection, end } = Object(value) as Partial<Record<string, unknown>>;
  return typeof getConnection === 'function' && typeof end === 'function';
}
