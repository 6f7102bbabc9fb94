import type { LockStorage } from '@lockscope/storage';
import { resolveOptions, type QuorumOptions } from './quorum-options.ts';
import { QuorumStorage } from './quorum-storage.ts';

/**
 * Makes one lock storage of several that know nothing of each other. All are asked at the same time, and what a
 * majority says holds, so locks go on while a minority is gone. Every result and every error carries the `votes`.
 *
 * A vote always ends: when it is decided, when no majority is possible any more, or after `nodeTimeoutMs`. What was
 * given without a majority is taken back in the background. Times are those of this process's clock.
 *
 * The storages stay yours: close them after the quorum.
 *
 * @param storages three or five that fail independently of each other; replicas of one another are one storage.
 * @throws {QuorumOptionsError} with all that is wrong with the options.
 */
export function quorum(storages: readonly LockStorage[], options: QuorumOptions = {}): LockStorage {
  return new QuorumStorage(resolveOptions(storages, options));
}
