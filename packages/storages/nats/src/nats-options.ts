import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { unknownOptions } from '@lockscope/storage';
import { NatsOptionsError } from './errors.ts';

/** Options of `NatsStorage`. Give `connection`, or `servers`, or `connect`. */
export interface NatsStorageOptions {
  /** A connection of yours, of any transport of nats.js 3: it stays open when the storage is closed. */
  readonly connection?: NatsConnection;
  /** Where to connect to: `nats://host:4222`, or several. The storage makes the connection on first use and closes it. */
  readonly servers?: string | readonly string[];
  /** More options of `connect()` of `@nats-io/transport-node`: credentials, TLS. */
  readonly connect?: NodeConnectionOptions;
  /** The key-value bucket that has the locks; made on first use. Letters, digits, `_` and `-`. Default `lockscope`. */
  readonly bucket?: string;
  /** How many servers of the cluster keep the bucket when it is made: 1 to 5. Default 1. */
  readonly replicas?: number;
  /** Where a bucket that is made keeps its data. `memory`: a restart of the server forgets locks. Default `file`. */
  readonly store?: 'file' | 'memory';
  /** How long an operation may take, in milliseconds; then its outcome is unknown. Default 5,000. */
  readonly timeoutMs?: number;
  /**
   * How often an operation tries again when somebody else wrote the record between its look and its write. More gets
   * through denser traffic on one key, less gives up sooner with a `StorageError`. Default 50.
   */
  readonly conflictRetries?: number;
  /** How many can be on record as waiting for one lock; others have to ask again. Default 256. */
  readonly maxWaiters?: number;
}

/** The options with their defaults. */
export interface CheckedNatsOptions {
  readonly connection: NatsConnection | undefined;
  readonly connect: NodeConnectionOptions;
  readonly bucket: string;
  readonly replicas: number;
  readonly store: 'file' | 'memory';
  readonly timeoutMs: number;
  readonly conflictRetries: number;
  readonly maxWaiters: number;
}

const known: ReadonlySet<string> = new Set([
  'connection',
  'servers',
  'connect',
  'bucket',
  'replicas',
  'store',
  'timeoutMs',
  'conflictRetries',
  'maxWaiters',
]);
const bucketName = /^[-_a-zA-Z0-9]{1,64}$/;

/** @throws {NatsOptionsError} naming everything that is wrong. */
export function checkNatsOptions(options: NatsStorageOptions): CheckedNatsOptions {
  const problems = unknownOptions(options, known);
  const { connection, servers, connect = {}, bucket = 'lockscope', store = 'file' } = options;
  const { replicas = 1, timeoutMs = 5000, conflictRetries = 50, maxWaiters = 256 } = options;
  if (connection !== undefined && (servers !== undefined || options.connect !== undefined))
    problems.push('connection and servers or connect exclude each other');
  if (connection !== undefined && typeof (connection as { request?: unknown }).request !== 'function')
    problems.push(`connection must be a connection of nats.js 3, got ${typeof connection}`);
  const urls = typeof servers === 'string' ? [servers] : (servers ?? []);
  if (!urls.every((url) => typeof url === 'string' && url !== ''))
    problems.push('servers must be texts that are not empty');
  if (!bucketName.test(bucket))
    problems.push(`bucket must be 1 to 64 letters, digits, _ or -, got ${JSON.stringify(bucket)}`);
  if (store !== 'file' && store !== 'memory') problems.push(`store must be file or memory, got ${String(store)}`);
  const whole = (name: string, value: number, least: number, most: number): void => {
    if (!(Number.isSafeInteger(value) && value >= least && value <= most))
      problems.push(`${name} must be a whole number from ${least} to ${most}, got ${value}`);
  };
  whole('replicas', replicas, 1, 5);
  whole('timeoutMs', timeoutMs, 1, 600_000);
  whole('conflictRetries', conflictRetries, 0, 10_000);
  whole('maxWaiters', maxWaiters, 0, 1000);
  if (problems.length > 0) throw new NatsOptionsError(problems);
  const target = urls.length > 0 ? { servers: [...urls] } : undefined;
  return {
    connection,
    connect: { ...connect, ...target },
    bucket,
    replicas,
    store,
    timeoutMs,
    conflictRetries,
    maxWaiters,
  };
}
