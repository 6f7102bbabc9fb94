import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import type { DispatcherHooks, ExclusiveLocks } from '@lockscope/delivery';
import { checkHooks, whole } from '@lockscope/delivery/dispatcher-kit';
import { type BackendFactory, type ConnectionOptions, createRedisBackend, type IQueueBackend } from 'bullmq';

/** Options of {@link bullmqDispatcher}. */
export interface BullmqDispatcherOptions<Connection = ConnectionOptions> extends DispatcherHooks {
  /** How BullMQ reaches the server: what its `Queue` and `Worker` take as `connection`. */
  readonly connection: Connection;
  /** What BullMQ keeps the events in. Default: Redis; `createPostgresBackend` of BullMQ for PostgreSQL. */
  readonly backend?: BackendFactory<IQueueBackend, Connection> | undefined;
  /** Dispatchers of one name, in whatever process, are one. Default `lockscope`. */
  readonly name?: string | undefined;
  /**
   * How many events may wait for one handler, those that are being handled included. Default 100,000. Dispatches of one
   * process never exceed it, however many at once; those of several processes only with `locks`.
   */
  readonly maxQueued?: number | undefined;
  /** Makes `maxQueued` exact over all processes: they take turns with their dispatches. Default: each for itself. */
  readonly locks?: ExclusiveLocks | undefined;
  /** How many attempts of one topic may run at once in this process. Default 40. */
  readonly parallel?: number | undefined;
  /**
   * How long an event stays with a process that says nothing more, in milliseconds, at least 1,000. A process that lives
   * renews it. Shorter: a crash is made good sooner, and a process that stands still loses its events sooner. Default
   * 30,000.
   */
  readonly claimMs?: number | undefined;
  /** How often an event may be lost with a process before it counts as dead: it may be what kills them. Default 10. */
  readonly maxCrashes?: number | undefined;
  /** How many ids of handled events are kept per handler, to refuse them when they are dispatched again. Default 0. */
  readonly rememberHandled?: number | undefined;
  /** How long an event may be as text, in characters. Default 1,000,000. */
  readonly maxEventLength?: number | undefined;
}

/** Options, whole. */
export interface CheckedOptions<Connection> extends DispatcherHooks {
  readonly connection: Connection;
  readonly backend: BackendFactory<IQueueBackend, Connection>;
  readonly name: string;
  readonly maxQueued: number;
  readonly locks: ExclusiveLocks | undefined;
  readonly parallel: number;
  readonly claimMs: number;
  readonly maxCrashes: number;
  readonly rememberHandled: number;
  readonly maxEventLength: number;
}

const known = new Set([
  'connection',
  'backend',
  'name',
  'maxQueued',
  'locks',
  'parallel',
  'claimMs',
  'maxCrashes',
  'rememberHandled',
  'maxEventLength',
  'onDead',
  'onDrop',
  'onError',
]);

/** Throws an `InvalidOptionsError` with all problems. */
export function checkOptions<Connection>(options: BullmqDispatcherOptions<Connection>): CheckedOptions<Connection> {
  const { connection, name = 'lockscope', maxQueued = 100_000, parallel = 40, claimMs = 30_000 } = options;
  const { maxCrashes = 10, rememberHandled = 0, maxEventLength = 1_000_000, locks } = options;
  const { onDead, onDrop, onError } = options;
  // Without a type argument the connection is the one of Redis.
  const { backend = createRedisBackend as BackendFactory<IQueueBackend, unknown> } = options;
  const problems = unknownOptions(options, known);
  if (connection === undefined || connection === null) problems.push('connection must be given');
  if (typeof backend !== 'function') problems.push(`backend must be a function, got ${typeof backend}`);
  if (!/^[\w-]{1,100}$/.test(name))
    problems.push(`name must be 1 to 100 letters, digits, _ or -, got ${JSON.stringify(name)}`);
  if (locks !== undefined && typeof locks.run !== 'function') problems.push('locks must have a function run');
  whole('maxQueued', maxQueued, 1, problems);
  whole('parallel', parallel, 1, problems);
  whole('claimMs', claimMs, 1_000, problems);
  whole('maxCrashes', maxCrashes, 1, problems);
  whole('rememberHandled', rememberHandled, 0, problems);
  whole('maxEventLength', maxEventLength, 1, problems);
  checkHooks(options, problems);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const bounds = { maxQueued, parallel, claimMs, maxCrashes, rememberHandled, maxEventLength };
  return { connection, backend, name, locks, ...bounds, onDead, onDrop, onError };
}
