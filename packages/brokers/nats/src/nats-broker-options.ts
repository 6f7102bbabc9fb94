import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';

/** Options of `natsBroker`. Give `connection`, or `servers`, or `connect`. */
export interface NatsBrokerOptions {
  /** A connection of yours, of any transport of nats.js 3: it stays open when the broker is closed. */
  readonly connection?: NatsConnection;
  /** Where to connect to: `nats://host:4222`, or several. The connection is made on first use. */
  readonly servers?: string | readonly string[];
  /** More options of `connect()` of `@nats-io/transport-node`: credentials, TLS. */
  readonly connect?: NodeConnectionOptions;
  /** The JetStream stream that keeps the events; made on first use. Letters, digits, `_` and `-`. Default `lockscope`. */
  readonly stream?: string;
  /** Before all subjects: `orders.created` is `lockscope.orders.created` in NATS. Default: the name of the stream. */
  readonly prefix?: string;
  /** How many servers of the cluster keep a stream that is made: 1 to 5. Default 1. */
  readonly replicas?: number;
  /** Where a stream that is made keeps its events. `memory`: a restart of the server forgets them. Default `file`. */
  readonly store?: 'file' | 'memory';
  /** How many events a stream that is made keeps; then the oldest go, handled or not. Default 1,000,000. */
  readonly maxEvents?: number;
  /** How long it keeps them, in milliseconds; 0 for ever. Default seven days. */
  readonly maxAgeMs?: number;
  /** For how long it knows the ids of events, in milliseconds. At least 100, at most `maxAgeMs`. Default 120,000. */
  readonly deduplicatesMs?: number;
  /** The longest body, in bytes. The server's `max_payload` must hold it and its headers. Default 1,000,000. */
  readonly maxBodyBytes?: number;
  /** How long the server may take for an answer, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

/** The options with their defaults. */
export interface CheckedOptions {
  readonly connection: NatsConnection | undefined;
  readonly connect: NodeConnectionOptions;
  readonly stream: string;
  readonly prefix: string;
  readonly replicas: number;
  readonly store: 'file' | 'memory';
  readonly maxEvents: number;
  readonly maxAgeMs: number;
  readonly deduplicatesMs: number;
  readonly maxBodyBytes: number;
  readonly timeoutMs: number;
}

const known = new Set([
  'connection',
  'servers',
  'connect',
  'stream',
  'prefix',
  'replicas',
  'store',
  'maxEvents',
  'maxAgeMs',
  'deduplicatesMs',
  'maxBodyBytes',
  'timeoutMs',
]);
const name = /^[-\w]{1,64}$/;
const dayMs = 86_400_000;
const hundredYearsMs = 36_500 * dayMs;

/** @throws {InvalidOptionsError} naming everything that is wrong. */
export function checkOptions(options: NatsBrokerOptions): CheckedOptions {
  const problems = unknownOptions(options, known);
  const { connection, servers, connect = {}, stream = 'lockscope', prefix = stream, store = 'file' } = options;
  if (connection !== undefined && (servers !== undefined || options.connect !== undefined))
    problems.push('connection and servers or connect exclude each other');
  if (connection !== undefined && typeof (connection as { request?: unknown }).request !== 'function')
    problems.push(`connection must be a connection of nats.js 3, got ${typeof connection}`);
  const urls = typeof servers === 'string' ? [servers] : (servers ?? []);
  if (!urls.every((url) => typeof url === 'string' && url !== ''))
    problems.push('servers must be texts that are not empty');
  for (const [option, value] of Object.entries({ stream, prefix }))
    if (!name.test(value))
      problems.push(`${option} must be 1 to 64 letters, digits, _ or -, got ${JSON.stringify(value)}`);
  if (store !== 'file' && store !== 'memory') problems.push(`store must be file or memory, got ${String(store)}`);
  const whole = (option: keyof CheckedOptions, value: number, least: number, most: number): number => {
    if (!(Number.isSafeInteger(value) && value >= least && value <= most))
      problems.push(`${option} must be a whole number from ${least} to ${most}, got ${String(value)}`);
    return value;
  };
  const maxAgeMs = whole('maxAgeMs', options.maxAgeMs ?? 7 * dayMs, 0, hundredYearsMs);
  const checked = {
    connection,
    connect: { ...connect, ...(urls.length > 0 && { servers: [...urls] }) },
    stream,
    prefix,
    replicas: whole('replicas', options.replicas ?? 1, 1, 5),
    store,
    maxEvents: whole('maxEvents', options.maxEvents ?? 1_000_000, 1, Number.MAX_SAFE_INTEGER),
    maxAgeMs,
    deduplicatesMs: whole('deduplicatesMs', options.deduplicatesMs ?? 120_000, 100, maxAgeMs || hundredYearsMs),
    maxBodyBytes: whole('maxBodyBytes', options.maxBodyBytes ?? 1_000_000, 1, 64_000_000),
    timeoutMs: whole('timeoutMs', options.timeoutMs ?? 5000, 1, 600_000),
  };
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return checked;
}
