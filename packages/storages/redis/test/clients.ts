import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach } from 'vitest';
import type { AcquireRequest, AcquireResult, Granted, LeaseNews, LockStorage, Refused } from '@lockscope/storage';
import { RedisStorage, type RedisClient, type RedisStorageOptions } from '../src/index.ts';

/** A client that a test ends. */
export interface TestClient {
  readonly client: RedisClient;
  readonly end: () => unknown;
}

/** Where a server listens. */
export interface Place {
  readonly port: number;
}

export function ioredisClient({ port }: Place): TestClient {
  const client = new Redis({ port, retryStrategy: () => 20 });
  client.on('error', () => undefined);
  return { client, end: () => client.disconnect() };
}

export async function nodeRedisClient({ port }: Place): Promise<TestClient> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: () => 20 } });
  client.on('error', () => undefined);
  await client.connect();
  return { client, end: () => client.destroy() };
}

/** Sends one command over a connection of its own. */
export async function admin({ port }: Place, ...command: [string, ...string[]]): Promise<unknown> {
  const client = new Redis({ port });
  const [name, ...args] = command;
  try {
    return await client.call(name, ...args);
  } finally {
    client.disconnect();
  }
}

const open: (() => unknown)[] = [];

/** Call at the top of a file: closes what its tests opened. */
export function closesAfterEach(): void {
  afterEach(async () => {
    for (const close of open.splice(0).toReversed()) await close();
  });
}

/** Ends with the test. */
export function later(close: () => unknown): void {
  open.push(close);
}

/** A storage on a client of its own, as another process would have it. */
export function storageOn(place: Place, more: Partial<RedisStorageOptions> = {}): RedisStorage {
  const { client, end } = ioredisClient(place);
  const storage = new RedisStorage({ ...(more as object), client });
  later(async () => {
    await storage.close();
    await end();
  });
  return storage;
}

/** An attempt of somebody new, with a long lease. */
export function request(key: string, more: Partial<AcquireRequest> = {}): AcquireRequest {
  const leaseId = randomUUID();
  return { key, leaseId, leaseMs: 60_000, holder: { ownerId: `owner-${leaseId}` }, ...more };
}

export async function granted(result: Promise<AcquireResult>): Promise<Granted> {
  const answer = await result;
  if (answer.acquired) return answer;
  throw new Error(`should have been given: ${JSON.stringify(answer)}`);
}

export async function refused(result: Promise<AcquireResult>): Promise<Refused> {
  const answer = await result;
  if (!answer.acquired) return answer;
  throw new Error(`should have been refused: ${JSON.stringify(answer)}`);
}

/** A waiter that hears its news. */
export interface Waiter {
  readonly request: AcquireRequest;
  readonly news: LeaseNews[];
  readonly stop: () => void;
}

/** Watches, and begins to wait for a busy lock. */
export async function wait(storage: LockStorage, key: string, more: Partial<AcquireRequest> = {}): Promise<Waiter> {
  const attempt = request(key, { waitMs: 60_000, ...more });
  const news: LeaseNews[] = [];
  const stop = storage.watch?.(key, attempt.leaseId, (one) => news.push(one)) ?? (() => undefined);
  await refused(storage.acquire(attempt));
  return { request: attempt, news, stop };
}

/** The first grant that a waiter hears of. */
export async function handed({ news }: Waiter): Promise<Granted> {
  await until(() => news.some(({ type }) => type === 'granted'));
  for (const one of news) if (one.type === 'granted') return one.result;
  throw new Error('was not handed over');
}

/** Waits until it is so; fails after 10 s, which is long where test files share two processors. */
export async function until(holds: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`was not so within ${ms} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}
