import type { EventDetails } from '@lockscope/core';
import type { LockRegistry } from './lock-registry.ts';
import { callStorage } from './storage-call.ts';

/** @internal What an acquire may have left in the storage. */
export interface Leftover {
  readonly key: string;
  readonly leaseId: string;
  readonly ownerId: string;
  readonly operation: 'release' | 'leave';
  readonly reason: EventDetails['lock.rollback']['reason'];
}

/**
 * @internal Takes away what an acquire left behind, in the background: the caller has its answer already. Tried once:
 * whatever stays ends with its lease, or with its place among the waiters.
 */
export function cleanUp(registry: LockRegistry, leftover: Leftover): void {
  const { storage, listeners, leftovers } = registry;
  const { key, leaseId, ownerId, operation, reason } = leftover;
  leftovers.add();
  const reply = callStorage<unknown>(() =>
    operation === 'release' ? storage.release(key, leaseId) : (storage.leave?.(key, leaseId) ?? Promise.resolve()),
  );
  const root = listeners.begin('lock.rollback', {
    lockName: registry.nameOf(key),
    lockKey: key,
    ownerId,
    storageName: storage.name,
  });
  const call = root?.child(`storage.${operation}`);
  const ended = (outcome: 'ok' | 'error', error?: unknown): void => {
    leftovers.done();
    call?.end(outcome, { error });
    root?.end(outcome, { error, details: { reason } });
  };
  reply.then(() => ended('ok')).catch((error: unknown) => ended('error', error));
}
