import assert from 'node:assert/strict';

import type { AcquireRequest, LeaseNews, LockStorage } from '@lockscope/storage';

import { longLeaseMs, show, type Trial } from './trial.ts';

/** A lease whose news are heard. */
export interface Listening {
  readonly request: AcquireRequest;
  readonly storage: LockStorage;
  readonly heard: LeaseNews[];
  readonly stop: () => void;
}

/** An attempt that means to wait, as long as a case runs. */
export function waiting(trial: Trial, key: string = 'a', more: Partial<AcquireRequest> = {}): AcquireRequest {
  return trial.request(key, { waitMs: longLeaseMs, ...more });
}

/** Begins to hear what becomes of a lease. */
export function listen(storage: LockStorage, request: AcquireRequest, tell?: (news: LeaseNews) => void): Listening {
  assert.equal(typeof storage.watch, 'function', 'a storage that notifies needs watch');
  const heard: LeaseNews[] = [];
  const stop = storage.watch?.(request.key, request.leaseId, (news) => {
    heard.push(news);
    tell?.(news);
  });
  assert.ok(typeof stop === 'function', 'watch gives no way out');
  return { request, storage, heard, stop };
}

/** Listens, and then waits for a lock that is busy, as the contract wants it done. */
export async function waits(
  trial: Trial,
  request: AcquireRequest = waiting(trial),
  storage: LockStorage = trial.storage,
): Promise<Listening> {
  const listening = listen(storage, request);
  await trial.refuse(request, storage);
  return listening;
}

/** Waits for the first news of this type; `ask` may come for nothing at any time. */
export async function hears<T extends LeaseNews['type']>(
  trial: Trial,
  { heard, request }: Listening,
  type: T,
): Promise<Extract<LeaseNews, { type: T }>> {
  const find = (): Extract<LeaseNews, { type: T }> | undefined =>
    heard.find((news): news is Extract<LeaseNews, { type: T }> => news.type === type);
  await trial.eventually(() => find() !== undefined);
  const news = find();
  assert.ok(news !== undefined, `${request.leaseId} was not told ${show(type)}, only ${show(heard)}`);
  return news;
}
