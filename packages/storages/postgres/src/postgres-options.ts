import type { ClientConfig, PoolConfig } from 'pg';
import { unknownOptions } from '@lockscope/storage';
import { PostgresOptionsError } from './errors.ts';
import type { PostgresPool } from './postgres-pool.ts';

/**
 * What waits for the server's disk (and for the standbys that its `synchronous_standby_names` demands).
 *
 * - `grants`: every grant and renewal does, so a crash of the server never makes two holders. A release and the
 *   hand-over in it do not: a crash in the second after can bring the former holder back on record, until its lease
 *   is over.
 * - `all`: every change does.
 * - `none`: nothing does. A crash of the server can forget locks that are held, and give tokens again.
 */
export type Durability = (typeof durabilities)[number];

const durabilities = ['grants', 'all', 'none'] as const;

interface CommonOptions {
  /** Where the storage keeps its tables. Small letters, digits and `_`, at most 40. Default `lockscope`. */
  readonly schema?: string;
  /** Whether to make the schema when it is not there. Default true; else run `PostgresStorage.schemaSql()` yourself. */
  readonly createSchema?: boolean;
  /** Default `grants`. */
  readonly durability?: Durability;
  /**
   * Whether waiters are told when it is their turn, over one more connection that listens while somebody waits.
   * False: they ask again and again. Default true.
   */
  readonly notifications?: boolean;
  /**
   * How the connection that listens is made, when it is to go another way than the others: past a pooler that gives
   * connections away after each transaction. Default: as the others.
   */
  readonly listen?: string | ClientConfig;
  /** How long one operation may take, from when it has a connection. Milliseconds, default 10,000. */
  readonly timeoutMs?: number;
}

/** The storage makes a pool of its own, and ends it when it is closed. */
export interface PostgresConnectionOptions extends CommonOptions {
  /**
   * A connection string, or the options of a pool of `pg`. What they leave open: at most 8 connections
   * (`max`), and 5,000 ms until one is there (`connectionTimeoutMillis`).
   */
  readonly connection: string | PoolConfig;
  readonly pool?: never;
}

/** The storage uses a pool that you have; `close()` leaves it open. */
export interface PostgresPoolOptions extends CommonOptions {
  /** A `Pool` of `pg`. */
  readonly pool: PostgresPool;
  readonly connection?: never;
}

/** Options of `PostgresStorage`: a connection or a pool. */
export type PostgresStorageOptions = PostgresConnectionOptions | PostgresPoolOptions;

/** @internal */
export interface ResolvedOptions {
  readonly pool: PostgresPool | undefined;
  readonly connection: PoolConfig;
  readonly schema: string;
  readonly createSchema: boolean;
  readonly durability: Durability;
  readonly notifications: boolean;
  readonly listen: ClientConfig | undefined;
  readonly timeoutMs: number;
}

const known = new Set([
  'pool',
  'connection',
  'schema',
  'createSchema',
  'durability',
  'notifications',
  'listen',
  'timeoutMs',
]);
const maxTimeoutMs = 2 ** 31 - 1;

/** @internal Fills in and checks, once; all problems in one error. */
export function resolveOptions(options: PostgresStorageOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) throw new PostgresOptionsError(['give a connection or a pool']);
  const problems = unknownOptions(options, known);
  const { pool, connection, schema = 'lockscope', createSchema = true, durability = 'grants' } = options;
  const { notifications = true, listen, timeoutMs = 10_000 } = options;
  if ((pool === undefined) === (connection === undefined)) problems.push('give either a connection or a pool');
  if (pool !== undefined && !isPool(pool)) problems.push('pool must be a Pool of pg, with connect() and query()');
  if (connection !== undefined) checkConnection('connection', connection, problems);
  if (listen !== undefined) checkConnection('listen', listen, problems);
  if (listen !== undefined && !notifications) problems.push('listen is of no use where notifications is false');
  checkSchema(schema, problems);
  for (const [name, value] of Object.entries({ createSchema, notifications })) {
    if (typeof value !== 'boolean') problems.push(`${name} must be true or false, got ${String(value)}`);
  }
  if (!durabilities.includes(durability))
    problems.push(`durability must be ${durabilities.join(', ')}, got ${durability}`);
  if (!(typeof timeoutMs === 'number' && timeoutMs >= 1 && timeoutMs <= maxTimeoutMs))
    problems.push(`timeoutMs must be from 1 to ${maxTimeoutMs}, got ${String(timeoutMs)}`);
  if (problems.length > 0) throw new PostgresOptionsError(problems);
  return Object.freeze({
    pool,
    connection: { max: 8, connectionTimeoutMillis: 5000, ...configOf(connection) },
    schema,
    createSchema,
    durability,
    notifications,
    listen: listen === undefined ? undefined : configOf(listen),
    timeoutMs,
  });
}

/** @internal */
export function checkSchema(schema: unknown, problems: string[]): void {
  if (typeof schema !== 'string' || !/^[a-z_][a-z0-9_]{0,39}$/.test(schema) || schema.startsWith('pg_'))
    problems.push(
      `schema must be a name of small letters, digits and _, at most 40, not pg_..., got ${JSON.stringify(schema)}`,
    );
}

function configOf<T extends ClientConfig>(connection: string | T | undefined): T | { connectionString: string } {
  return typeof connection === 'string' ? { connectionString: connection } : (connection ?? ({} as T));
}

function checkConnection(name: string, value: unknown, problems: string[]): void {
  if (typeof value === 'string' ? value === '' : typeof value !== 'object' || value === null)
    problems.push(`${name} must be a connection string or options of pg, got ${JSON.stringify(value)}`);
}

function isPool(value: unknown): boolean {
  const { connect, query, on } = Object(value) as Partial<Record<keyof PostgresPool, unknown>>;
  return typeof connect === 'function' && typeof query === 'function' && typeof on === 'function';
}
