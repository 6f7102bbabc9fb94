import assert from 'node:assert/strict';

import type { AcquireRequest, LeaseNews, LockRecord, LockStorage } from '@lockscope/storage';

import { longLeaseMs, show, type Granted, type Trial } from './trial.ts';

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

/** Listens, and then waits for a lock that is busy, in the order in which the contract wants it done. */
export async function waits(
  trial: Trial,
  request: AcquireRequest = waiting(trial),
  storage: LockStorage = trial.storage,
): Promise<Listening> {
  const listening = listen(storage, request);
  await trial.refuse(request, storage);
  return listening;
}

/** Listens, and then takes a free lock. */
export async function holds(
  trial: Trial,
  request: AcquireRequest = trial.request('a'),
  storage: LockStorage = trial.storage,
): Promise<Listening & { readonly record: LockRecord }> {
  const listening = listen(storage, request);
  return { ...listening, record: (await trial.grant(request, storage)).record };
}

/** Whether news of this type came; `ask` may come for nothing at any time. */
export function hasHeard({ heard }: Listening, type: 'granted' | 'ask' | 'forced'): boolean {
  return heard.some((news) => news.type === type);
}

/** Whether it was told that the lock may be its own. */
export function isCalled(listening: Listening): boolean {
  return hasHeard(listening, 'granted') || hasHeard(listening, 'ask');
}

/** Waits until the lock is handed to it, and gives what it was told. */
export async function isHanded(trial: Trial, listening: Listening): Promise<Granted> {
  await trial.eventually(() => hasHeard(listening, 'granted'));
  const { heard, request } = listening;
  for (const news of heard) if (news.type === 'granted') return news.result;
  return assert.fail(`${show(request.key)} was not handed to ${request.leaseId}; it was told ${show(heard)}`);
}

/** Waits until it is told that the lock was taken away from it. */
export async function isForced(trial: Trial, listening: Listening): Promise<void> {
  const told = await trial.eventually(() => hasHeard(listening, 'forced'));
  assert.ok(told, `${listening.request.leaseId} was not told that its lock was taken away: ${show(listening.heard)}`);
}

/**
 * Resolves when news have come of something that happened just now on another key, so that what happened before would
 * have been told by now: the proof that something was not told.
 */
export async function newsHaveCome(trial: Trial, storage: LockStorage = trial.storage): Promise<void> {
  const told: Listening[] = [];
  for (let chance = 0; chance < 5 && !told.some(isCalled); chance += 1) {
    const { key, leaseId } = await trial.take(`sentinel/${trial.storage.name}/${chance}`);
    const sentinel = await waits(trial, waiting(trial, key), storage);
    told.push(sentinel);
    await trial.storage.release(key, leaseId);
    await trial.eventually(() => isCalled(sentinel), trial.options.patienceMs / 5);
  }
  for (const { request, stop } of told) {
    stop();
    const { released } = await storage.release(request.key, request.leaseId);
    if (!released) await storage.leave?.(request.key, request.leaseId);
  }
}
