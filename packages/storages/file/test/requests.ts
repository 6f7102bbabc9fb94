import type { AcquireRequest, LockRecord, LockStorage } from '@lockscope/storage';

export function request(key: string, leaseId: string, more: Partial<AcquireRequest> = {}): AcquireRequest {
  return { key, leaseId, leaseMs: 10_000, holder: { ownerId: `owner of ${leaseId}` }, ...more };
}

/** Acquires what must be free. */
export async function taken(
  storage: LockStorage,
  key: string,
  leaseId: string,
  more: Partial<AcquireRequest> = {},
): Promise<LockRecord> {
  const result = await storage.acquire(request(key, leaseId, more));
  if (!result.acquired) throw new Error(`${key} was refused to ${leaseId}`);
  return result.record;
}
