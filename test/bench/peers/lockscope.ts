import type { ListenerInput } from '@lockscope/core';
import type { LockStorage } from '@lockscope/storage';
import { createLocks, type HeldLock } from '@lockscope/storage-lock';

import type { Party } from './peer.ts';

/** One that takes part with locks of ours; `storage` is closed with it. */
export function lockscopeParty(storage: LockStorage, listeners: readonly ListenerInput[] = []): Party<HeldLock> {
  const locks = createLocks({ storage, listeners });
  return {
    acquire: (key, waitMs) => (waitMs === undefined ? locks.acquire(key) : locks.acquire(key, { waitMs })),
    release: (lock) => lock.release(),
    async close() {
      await locks.close();
      await storage.close();
    },
  };
}
