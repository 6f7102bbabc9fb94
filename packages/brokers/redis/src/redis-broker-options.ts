import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import { isIoredis, type IoredisClient } from './ioredis-driver.ts';
import { isNodeRedis, type NodeRedisClient } from './node-redis-driver.ts';

/** A client that you have, for one server or Sentinel: of ioredis (5 or later) or of node-redis (5 or later). */
export type RedisClient = IoredisClient | NodeRedisClient;

/** Options of `redisBroker`. Give `client` or `url`. */
export interface RedisBrokerOptions {
  /** A client of yours: it stays open. Each subscription opens a connection of its own, made like this one. */
  readonly client?: RedisClient;
  /** `redis://user:password@host:6379/0`, `rediss://` for TLS. */
  readonly url?: string;
  /** The package that makes the connection to `url`. Default: `ioredis` when it is installed, else `redis`. */
  readonly driver?: 'ioredis' | 'redis';
  /** Before the names of all keys. Letters, digits, `_` and `-`. Default `lockscope`. */
  readonly prefix?: string;
  /** About how many events are kept; then the oldest go, handled or not. Default 1,000,000. */
  readonly maxEvents?: number;
  /** For how long the ids of events are known, in milliseconds. 0: never. Default 120,000. */
  readonly deduplicatesMs?: number;
  /** The longest body, in bytes. Default 1,000,000. */
  readonly maxBodyBytes?: number;
  /** How long the server may take for an answer, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

/** The options with their defaults. */
export interface CheckedOptions {
  readonly client: RedisClient | undefined;
  readonly url: string | undefined;
  readonly driver: 'ioredis' | 'redis' | undefined;
  readonly prefix: string;
  readonly maxEvents: number;
  readonly deduplicatesMs: number;
  readonly maxBodyBytes: number;
  readonly timeoutMs: number;
}

const known = new Set([
  'client',
  'url',
  'driver',
  'prefix',
  'maxEvents',
  'deduplicatesMs',
  'maxBodyBytes',
  'timeoutMs',
]);

/** @throws {InvalidOptionsError} naming everything that is wrong. */
export function checkOptions(options: RedisBrokerOptions): CheckedOptions {
  const problems = unknownOptions(options, known);
  const { client, url, driver, prefix = 'lockscope' } = options;
  if ((client === undefined) === (url === undefined)) problems.push('give either a client or a url');
  if (client !== undefined && !isIoredis(client) && !isNodeRedis(client))
    problems.push(
      'client must be a client of ioredis (5 or later) or redis (5 or later) for one server, not a cluster',
    );
  if (url !== undefined && !(URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol)))
    problems.push('url must be redis://… or rediss://…');
  if (driver !== undefined && driver !== 'ioredis' && driver !== 'redis')
    problems.push(`driver must be ioredis or redis, got ${String(driver)}`);
  if (client !== undefined && driver !== undefined) problems.push('driver goes with a url, a client is one already');
  if (!/^[-\w]{1,64}$/.test(prefix))
    problems.push(`prefix must be 1 to 64 letters, digits, _ or -, got ${JSON.stringify(prefix)}`);
  const whole = (option: keyof CheckedOptions, value: number, least: number, most: number): number => {
    if (!(Number.isSafeInteger(value) && value >= least && value <= most))
      problems.push(`${option} must be a whole number from ${least} to ${most}, got ${String(value)}`);
    return value;
  };
  const checked = {
    client,
    url,
    driver,
    prefix,
    maxEvents: whole('maxEvents', options.maxEvents ?? 1_000_000, 1, Number.MAX_SAFE_INTEGER),
    deduplicatesMs: whole('deduplicatesMs', options.deduplicatesMs ?? 120_000, 0, 365 * 86_400_000),
    maxBodyBytes: whole('maxBodyBytes', options.maxBodyBytes ?? 1_000_000, 1, 500_000_000),
    timeoutMs: whole('timeoutMs', options.timeoutMs ?? 5000, 1, 600_000),
  };
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return checked;
}
