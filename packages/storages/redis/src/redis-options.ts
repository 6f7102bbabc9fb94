import { RedisOptionsError } from './errors.ts';
import type { IoredisClient } from './ioredis-driver.ts';
import type { NodeRedisClient } from './node-redis-driver.ts';

/** A client that you have: of ioredis (5 or later) or of node-redis (4 or later), for one server or for a cluster. */
export type RedisClient = IoredisClient | NodeRedisClient;

interface CommonOptions {
  /**
   * Before all names of keys and channels. Locks under different prefixes have nothing to do with each other. No
   * braces. Default `lockscope`.
   */
  readonly prefix?: string;
  /**
   * How long the connection that hears of news is kept after nobody needs it any more, in milliseconds, so that not
   * every wait opens one. Default 5,000.
   */
  readonly lingerMs?: number;
  /**
   * How long the answer to an attempt that begins to wait is held back until that connection is open, in milliseconds.
   * After that the waiter is not told of its turn, and asks. Default 1,000.
   */
  readonly subscribeTimeoutMs?: number;
}

/** Locks on a client that you have. It is used as it is, and `close()` leaves it open. */
export interface RedisClientOptions extends CommonOptions {
  readonly client: RedisClient;
  readonly url?: never;
  readonly driver?: never;
  readonly commandTimeoutMs?: never;
}

/** Locks on a connection that the storage makes and closes itself. */
export interface RedisUrlOptions extends CommonOptions {
  /** `redis://user:password@host:6379/0`, `rediss://` for TLS. */
  readonly url: string;
  /** The package that makes the connection. Default: `ioredis` when it is installed, else `redis`. */
  readonly driver?: 'ioredis' | 'redis';
  /** After so many milliseconds without an answer an operation fails. Default 5,000. */
  readonly commandTimeoutMs?: number;
  readonly client?: never;
}

/** Options of `RedisStorage`: a client or a URL. */
export type RedisStorageOptions = RedisClientOptions | RedisUrlOptions;

/** @internal */
export interface ResolvedOptions {
  readonly client: RedisClient | undefined;
  readonly url: string | undefined;
  readonly driver: 'ioredis' | 'redis' | undefined;
  readonly prefix: string;
  readonly lingerMs: number;
  readonly subscribeTimeoutMs: number;
  readonly commandTimeoutMs: number;
}

const defaults = Object.freeze({
  prefix: 'lockscope',
  lingerMs: 5000,
  subscribeTimeoutMs: 1000,
  commandTimeoutMs: 5000,
});
const known = new Set(['client', 'url', 'driver', ...Object.keys(defaults)]);
const maxTimeoutMs = 2 ** 31 - 1;
const drivers: readonly string[] = ['ioredis', 'redis'];
const maxPrefixLength = 64;

/** @internal Fills in and checks, once; all problems in one error. */
export function resolveOptions(options: RedisStorageOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) throw new RedisOptionsError(['give a client or a url']);
  const problems: string[] = [];
  for (const name of Object.keys(options)) {
    if (!known.has(name))
      problems.push(`there is no option ${JSON.stringify(name)}; known are ${[...known].join(', ')}`);
  }
  const { client, url, driver } = options;
  if ((client === undefined) === (url === undefined)) problems.push('give either a client or a url');
  if (client !== undefined && !isIoredis(client) && !isNodeRedis(client))
    problems.push('client must be a client or a cluster of ioredis (5 or later) or redis (4 or later)');
  if (url !== undefined && !isUrl(url))
    problems.push(`url must be redis://… or rediss://…, got ${typeof url === 'string' ? 'another text' : typeof url}`);
  if (driver !== undefined && !drivers.includes(driver)) {
    problems.push(`driver must be ${drivers.join(' or ')}, got ${driver}`);
  }
  if (client !== undefined && driver !== undefined) problems.push('driver goes with a url, a client is one already');
  if (client !== undefined && options.commandTimeoutMs !== undefined)
    problems.push('commandTimeoutMs goes with a url, a client has its own');
  const { prefix = defaults.prefix } = options;
  if (
    typeof prefix !== 'string' ||
    prefix === '' ||
    prefix.length > maxPrefixLength ||
    !/^[^{}\p{Cc}\p{Cs}]+$/u.test(prefix)
  )
    problems.push(
      `prefix must be 1 to ${maxPrefixLength} characters without braces and control characters, got ${JSON.stringify(prefix)}`,
    );
  const times = {
    lingerMs: milliseconds(options, 'lingerMs', 0, problems),
    subscribeTimeoutMs: milliseconds(options, 'subscribeTimeoutMs', 0, problems),
    commandTimeoutMs: milliseconds(options, 'commandTimeoutMs', 1, problems),
  };
  if (problems.length > 0) throw new RedisOptionsError(problems);
  return Object.freeze({ client, url, driver, prefix, ...times });
}

function milliseconds(
  options: RedisStorageOptions,
  name: 'lingerMs' | 'subscribeTimeoutMs' | 'commandTimeoutMs',
  least: number,
  problems: string[],
): number {
  const value: unknown = options[name] ?? defaults[name];
  if (typeof value === 'number' && value >= least && value <= maxTimeoutMs) return value;
  problems.push(`${name} must be from ${least} to ${maxTimeoutMs}, got ${String(value)}`);
  return defaults[name];
}

/** @internal */
export function isIoredis(client: RedisClient): client is IoredisClient {
  const { evalsha, call, status } = Object(client) as Partial<Record<keyof IoredisClient, unknown>>;
  return typeof evalsha === 'function' && typeof call === 'function' && typeof status === 'string';
}

function isNodeRedis(client: RedisClient): client is NodeRedisClient {
  const { evalSha, sendCommand } = Object(client) as Partial<Record<keyof NodeRedisClient, unknown>>;
  return typeof evalSha === 'function' && typeof sendCommand === 'function';
}

function isUrl(url: unknown): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  return ['redis:', 'rediss:'].includes(new URL(url).protocol);
}
