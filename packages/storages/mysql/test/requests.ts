import type { AcquireRequest, LockRecord, LockStorage } from '@lockscope/storage';

/** A request with everything filled in that a test does not care about. */
export function request(key: string, leaseId: string, more: Partial<AcquireRequest> = {}): AcquireRequest {
  return { key, leaseId, leaseMs: 10_000, holder: { ownerId: `owner of ${leaseId}` }, ...more };
}

/** The record of an acquire that has to succeed. */
export async function taken(
  storage: LockStorage,
  key: string,
  leaseId: string,
  more?: Partial<AcquireRequest>,
): Promise<LockRecord> {
  const result = await storage.acquire(request(key, leaseId, more));
  if (!result.acquired) throw new Error(`not acquired: ${JSON.stringify(result)}`);
  return result.record;
}

/** Everything that an iteration gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
