import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AcquireRequest, Granted, LeaseNews, LockStorage } from '@lockscope/storage';
import { expect } from 'vitest';

/** An attempt of a new owner. */
export function request(key: string, more: Partial<AcquireRequest> = {}): AcquireRequest {
  const leaseId = randomUUID();
  return { key, leaseId, leaseMs: 60_000, holder: { ownerId: `owner of ${leaseId}` }, ...more };
}

/** Acquires, and expects to get it. */
export async function take(storage: LockStorage, attempt: AcquireRequest): Promise<Granted> {
  const result = await storage.acquire(attempt);
  expect(result).toMatchObject({ acquired: true });
  return result as Granted;
}

/** Gets in line, as one who hears news. */
export async function waitInLine(
  storage: LockStorage,
  key: string,
  more: Partial<AcquireRequest> = {},
): Promise<{ attempt: AcquireRequest; news: LeaseNews[]; stop: () => void }> {
  const attempt = request(key, { waitMs: 60_000, ...more });
  const news: LeaseNews[] = [];
  const stop = storage.watch?.(key, attempt.leaseId, (one) => news.push(one)) ?? (() => undefined);
  expect(await storage.acquire(attempt)).toMatchObject({ acquired: false });
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
