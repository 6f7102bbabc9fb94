import { createLocks, type Locks } from '@lockscope/storage-lock';
import { FileStorage } from '../src/index.ts';

/** Locks in a folder, for a process of the contract of locks. */
export function makeLocks(path: string): Locks {
  return createLocks({ storage: new FileStorage({ path }), leaseMs: 2000 });
}
