import {
  jetstream,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { setTimeout as sleep } from 'node:timers/promises';
import { NatsBucketError } from './errors.ts';
import { isConflict, isDenied, isGone, isMadeByOthers, isNoStream, isNobodyThere } from './failure.ts';
import type { Link } from './link.ts';
import type { CheckedNatsOptions } from './nats-options.ts';
import { tokensPerRevision } from '@lockscope/storage/revisioned';
import type { ServerTime } from './server-time.ts';
import { allLocks, clockName, keyOf, nameOf, streamOf, subjectOf } from './subjects.ts';

/** What the bucket has under a key. */
export interface Entry {
  readonly seq: number;
  /** When the server stored it, by its own clock; epoch milliseconds. */
  readonly stamp: number;
  /** Empty where somebody deleted the key with a client for key-value buckets. */
  readonly text: string;
}

/** The bucket was deleted and made again while it was in use. */
export class BucketReplacedError extends Error {
  constructor() {
    super('the bucket was deleted and made again while it was in use: the locks in it are lost');
    this.name = 'BucketReplacedError';
  }
}

/** One key-value bucket that was looked at and found fit. Each method is one request. */
export class Bucket {
  readonly #name: string;
  readonly #stream: string;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #link: Link;
  readonly #time: ServerTime;
  readonly #timeoutMs: number;
  readonly #removal: 'delete' | 'purge' | 'none';
  readonly replicas: number;
  /**
   * Tokens count from here: a revision's own token is `base` and 16 for every revision before it. The base is when the
   * bucket was made, in microseconds, so those of a bucket that was deleted and made again are greater.
   */
  readonly base: number;
  #lastSeq = 0;

  private constructor(
    parts: {
      name: string;
      client: JetStreamClient;
      manager: JetStreamManager;
      link: Link;
      time: ServerTime;
      timeoutMs: number;
    },
    config: StreamConfig,
    createdAt: string,
  ) {
    this.#name = parts.name;
    this.#stream = streamOf(parts.name);
    this.#client = parts.client;
    this.#manager = parts.manager;
    this.#link = parts.link;
    this.#time = parts.time;
    this.#timeoutMs = parts.timeoutMs;
    this.#removal = !config.deny_delete ? 'delete' : config.deny_purge ? 'none' : 'purge';
    this.replicas = config.num_replicas;
    this.base = Date.parse(createdAt) * 1000;
  }

  /** @throws {NatsBucketError} when it is not fit for locks. */
  static async open(link: Link, options: CheckedNatsOptions, time: ServerTime): Promise<Bucket> {
    const { bucket, timeoutMs } = options;
    const fail = (problem: string, cause?: unknown): NatsBucketError =>
      new NatsBucketError('open', bucket, problem, { cause });
    try {
      const client = jetstream(link.connection, { timeout: timeoutMs });
      const manager = await jetstreamManager(link.connection, { timeout: timeoutMs, checkAPI: false });
      const { config, created } = await findOrMake(client, manager, options);
      const problems = unfitFor(config, options);
      if (problems.length > 0) throw fail(problems.join('; '));
      return new Bucket({ name: bucket, client, manager, link, time, timeoutMs }, config, created);
    } catch (error) {
      if (isNobodyThere(error))
        throw fail('JetStream is off: start the server with -js, and enable it for the account', error);
      if (isDenied(error))
        throw fail('this user may not look at it or make it; the README lists the permissions', error);
      throw error;
    }
  }

  /** The token that a possession gets that begins with this revision. */
  tokenOf(seq: number): number {
    return this.base + seq * tokensPerRevision;
  }

  async get(key: string): Promise<Entry | undefined> {
    const found = await this.#link.call(() =>
      this.#manager.streams.getMessage(this.#stream, { last_by_subj: subjectOf(this.#name, nameOf(key)) }),
    );
    return found === null ? undefined : { seq: found.seq, stamp: milliseconds(found.timestamp), text: found.string() };
  }

  /** Writes if the key's revision is `seq`, 0 for none. Gives the new revision; undefined when it was another one. */
  async put(key: string, seq: number, text: string): Promise<number | undefined> {
    const known = this.#lastSeq;
    try {
      const subject = subjectOf(this.#name, nameOf(key));
      const expect = { lastSubjectSequence: seq };
      const ack = await this.#link.call(() =>
        this.#client.publish(subject, text, { expect, timeout: this.#timeoutMs }),
      );
      if (ack.seq <= known) throw new BucketReplacedError();
      this.#lastSeq = Math.max(this.#lastSeq, ack.seq);
      return ack.seq;
    } catch (error) {
      if (isConflict(error)) return undefined;
      throw error;
    }
  }

  /** Removes a revision and leaves nothing behind. False when the key has another one, or none. */
  async remove(key: string, seq: number): Promise<boolean> {
    const { streams } = this.#manager;
    if (this.#removal === 'none') return false;
    if (this.#removal === 'purge') {
      const filter = subjectOf(this.#name, nameOf(key));
      const { purged } = await this.#link.call(() => streams.purge(this.#stream, { filter, seq: seq + 1 }));
      return purged > 0;
    }
    try {
      return await this.#link.call(() => streams.deleteMessage(this.#stream, seq, false));
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  /** Asks for the server's time: writes something and reads when it was stored. Later than every revision before. */
  async tick(): Promise<number> {
    const subject = subjectOf(this.#name, clockName);
    const sentAt = performance.now();
    await this.#link.call(() => this.#client.publish(subject, '', { timeout: this.#timeoutMs }));
    const found = await this.#link.call(() =>
      this.#manager.streams.getMessage(this.#stream, { last_by_subj: subject }),
    );
    if (found === null) throw new Error('the server has lost what it was given a moment ago');
    const stamp = milliseconds(found.timestamp);
    this.#time.note(sentAt, performance.now(), stamp);
    return stamp;
  }

  /** Every key that has a record, in order. */
  async keys(prefix: string): Promise<string[]> {
    const filter = subjectOf(this.#name, allLocks);
    const info = await this.#link.call(() => this.#manager.streams.info(this.#stream, { subjects_filter: filter }));
    const start = subjectOf(this.#name, '').length;
    const keys = Object.keys(info.state.subjects ?? {}).flatMap((subject) => keyOf(subject.slice(start)) ?? []);
    return keys.filter((key) => key.startsWith(prefix)).toSorted((a, b) => (a < b ? -1 : 1));
  }
}

/** Together a second: as long as a busy server needs to make a stream. */
const looksForOthers = 50;
const pauseMs = 20;

async function findOrMake(
  client: JetStreamClient,
  manager: JetStreamManager,
  options: CheckedNatsOptions,
): Promise<{ config: StreamConfig; created: string }> {
  const { bucket, replicas, store } = options;
  const found = await find(manager, bucket);
  if (found !== undefined) return found;
  const settings = { history: 1, replicas, storage: store, description: 'locks of Lockscope' } as const;
  try {
    await new Kvm(client).create(bucket, settings);
  } catch (error) {
    const others = isMadeByOthers(error) ? await findSoon(manager, bucket) : undefined;
    if (others === undefined) throw error;
    return others;
  }
  return await manager.streams.info(streamOf(bucket));
}

async function find(manager: JetStreamManager, bucket: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(streamOf(bucket));
  } catch (error) {
    if (isNoStream(error)) return undefined;
    throw error;
  }
}

/** While another process makes it the server refuses to make it twice, some moments before it can be found. */
async function findSoon(manager: JetStreamManager, bucket: string): Promise<StreamInfo | undefined> {
  for (let tries = 0; tries < looksForOthers; tries += 1) {
    const found = await find(manager, bucket);
    if (found !== undefined) return found;
    await sleep(pauseMs);
  }
  return undefined;
}

/** Settings under which a record would vanish or an old one would come back. */
function unfitFor(config: StreamConfig, { bucket, store }: CheckedNatsOptions): string[] {
  const problems: string[] = [];
  const subjects = config.subjects ?? [];
  if (!subjects.includes(subjectOf(bucket, '>')))
    problems.push(`the stream ${streamOf(bucket)} is no key-value bucket: give another name`);
  if (config.max_msgs_per_subject !== 1)
    problems.push(`it keeps a history of ${config.max_msgs_per_subject}, and must keep one of 1`);
  if (config.max_age > 0) problems.push('its entries run out by themselves (ttl), and locks with them');
  if (config.discard !== 'new' && (config.max_msgs > 0 || config.max_bytes > 0))
    problems.push('it throws the oldest entries away when it is full (discard old)');
  if (config.sealed) problems.push('it is sealed');
  if (config.storage !== store) problems.push(`it is kept in ${config.storage}; say so with the option store`);
  return problems;
}

/** RFC 3339 with nanoseconds, to fractions of a millisecond. */
function milliseconds(timestamp: string): number {
  const [, second = '', fraction = '0', zone = ''] = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(timestamp) ?? [];
  return Date.parse(second + zone) + Number(`0.${fraction}`) * 1000;
}
