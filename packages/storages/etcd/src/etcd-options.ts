import type { Etcd3, IOptions } from 'etcd3';
import { unknownOptions } from '@lockscope/storage';
import { EtcdOptionsError } from './errors.ts';

/** Options of `EtcdStorage`. Give `client`, or `hosts`, or `connect`. */
export interface EtcdStorageOptions {
  /** A client of yours: it stays open when the storage is closed. */
  readonly client?: Etcd3;
  /** Where to connect to: `http://host:2379`, or several. The storage makes the client on first use and closes it. */
  readonly hosts?: string | readonly string[];
  /** More options of `Etcd3`: `auth`, `credentials`, `grpcOptions`. */
  readonly connect?: Omit<IOptions, 'hosts'>;
  /** What the keys of all locks start with. All who share locks name the same. Default `lockscope/`. */
  readonly prefix?: string;
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
export interface CheckedEtcdOptions {
  readonly client: Etcd3 | undefined;
  readonly connect: IOptions;
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly conflictRetries: number;
  readonly maxWaiters: number;
}

const known: ReadonlySet<string> = new Set([
  'client',
  'hosts',
  'connect',
  'prefix',
  'timeoutMs',
  'conflictRetries',
  'maxWaiters',
]);

/** @throws {EtcdOptionsError} naming everything that is wrong. */
export function checkEtcdOptions(options: EtcdStorageOptions): CheckedEtcdOptions {
  const problems = unknownOptions(options, known);
  const { client, hosts = '127.0.0.1:2379', connect = {}, prefix = 'lockscope/' } = options;
  const { timeoutMs = 5000, conflictRetries = 50, maxWaiters = 256 } = options;
  if (client !== undefined && (options.hosts !== undefined || options.connect !== undefined))
    problems.push('client and hosts or connect exclude each other');
  if (client !== undefined && typeof (client as { kv?: { txn?: unknown } }).kv?.txn !== 'function')
    problems.push(`client must be an Etcd3 of etcd3, got ${typeof client}`);
  const urls = typeof hosts === 'string' ? [hosts] : hosts;
  if (urls.length === 0 || !urls.every((url) => typeof url === 'string' && url !== ''))
    problems.push('hosts must be one or several texts that are not empty');
  if (typeof prefix !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(prefix))
    problems.push(`prefix must be 1 to 128 printable ASCII characters without blanks, got ${JSON.stringify(prefix)}`);
  const whole = (name: string, value: number, least: number, most: number): void => {
    if (!(Number.isSafeInteger(value) && value >= least && value <= most))
      problems.push(`${name} must be a whole number from ${least} to ${most}, got ${value}`);
  };
  whole('timeoutMs', timeoutMs, 1, 600_000);
  whole('conflictRetries', conflictRetries, 0, 10_000);
  whole('maxWaiters', maxWaiters, 0, 1000);
  if (problems.length > 0) throw new EtcdOptionsError(problems);
  return { client, connect: { ...connect, hosts: [...urls] }, prefix, timeoutMs, conflictRetries, maxWaiters };
}
