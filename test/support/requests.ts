import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { AcquireRequest, AcquireResult, Granted, LeaseNews, LockRecord, LockStorage } from '@lockscope/storage';

/** A request with everything filled in that a test does not care about. */
export function request(key: string, leaseId: string, more: Partial<AcquireRequest> = {}): AcquireRequest {
  return { key, leaseId, leaseMs: 10_000, holder: { ownerId: `owner of ${leaseId}` }, ...more };
}

/** A request of a new owner, which does not end before the test does. */
export function newRequest(key: string, more: Partial<AcquireRequest> = {}): AcquireRequest {
  return request(key, randomUUID(), { leaseMs: 60_000, ...more });
}

/** Acquires what must be free. */
export async function take(storage: LockStorage, attempt: AcquireRequest): Promise<Granted> {
  return granted(await storage.acquire(attempt));
}

/** The record of an acquire that has to succeed. */
export async function taken(
  storage: LockStorage,
  key: string,
  leaseId: string,
  more?: Partial<AcquireRequest>,
): Promise<LockRecord> {
  return (await take(storage, request(key, leaseId, more))).record;
}

export function recordOf(result: AcquireResult): LockRecord {
  return granted(result).record;
}

function granted(result: AcquireResult): Granted {
  if (!result.acquired) throw new Error(`not acquired: ${JSON.stringify(result)}`);
  return result;
}

/** Gets in line, as one who hears news. */
export async function waitInLine(
  storage: LockStorage,
  key: string,
  more: Partial<AcquireRequest> = {},
): Promise<{ attempt: AcquireRequest; news: LeaseNews[]; stop: () => void }> {
  const attempt = newRequest(key, { waitMs: 60_000, ...more });
  const news: LeaseNews[] = [];
  const stop = storage.watch?.(key, attempt.leaseId, (one) => news.push(one)) ?? (() => undefined);
  if ((await storage.acquire(attempt)).acquired) throw new Error(`${key} was free, nobody has to wait for it`);
  return { attempt, news, stop };
}

/** Waits until it is so; what it waits for is told by a server, so there is nothing to be awaited. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not within 5 s`);
    await sleep(5);
  }
}

/** Everything that an iteration gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
