import type { Action } from '../action.ts';
import type { EventType } from '../catalogue/event-types.ts';
import { writtenName } from './encode.ts';

/** What the action names of the original Go family say of the event that carries them. */
const families: readonly (readonly [prefix: string, type: EventType])[] = [
  ['WatchDog.', 'lease.renew'],
  ['Storage.Get', 'storage.read'],
  ['Storage.DeleteWithVersion', 'storage.release'],
  ['StorageLock.Lock', 'lock.acquire'],
  ['StorageLock.Unlock', 'lock.release'],
];

const byCode: Readonly<Record<number, EventType>> = {
  1: 'lock.create',
  2: 'lock.acquire',
  3: 'lock.release',
  4: 'lease.renew',
};
const storageWrite: Readonly<Record<number, EventType>> = {
  2: 'storage.acquire',
  3: 'storage.release',
  4: 'storage.renew',
};

const outcomes: Readonly<Record<string, string>> = {
  'StorageLock.Lock.Begin.Success': 'acquired',
  'StorageLock.Lock.Begin.Error': 'error',
  timeout: 'timeout',
  'StorageLock.Unlock.Success': 'released',
  'StorageLock.Unlock.Error': 'error',
  'WatchDog.Refresh.Success': 'renewed',
  'WatchDog.Refresh.Error': 'failed',
};

/**
 * The type of an event that the original Go family wrote. It marks what its watchdog does, storage calls included, with
 * the type of the lock, and only the watchdog's id tells them apart.
 */
export function originalType(written: number, actions: readonly Action[], ofWatchdog: boolean): EventType {
  const code = ofWatchdog && written === 2 ? 4 : written;
  for (const action of actions) {
    const name = writtenName(action);
    const family = families.find(([prefix]) => name.startsWith(prefix));
    if (family !== undefined) return family[1];
    if (name.startsWith('Storage.')) return storageWrite[code] ?? 'unknown';
  }
  return byCode[code] ?? 'unknown';
}

/** How an event of the original Go family ended, where its actions say so. */
export function originalOutcome(type: EventType, actions: readonly Action[]): string | undefined {
  if (type === 'lock.create') return 'ok';
  const names = actions.map(writtenName);
  if (type === 'lease.renew' && names.includes('not-lock-owner')) return 'lost';
  const last = names.findLast((name) => Object.hasOwn(outcomes, name));
  if (last !== undefined) return outcomes[last];
  if (!type.startsWith('storage.')) return undefined;
  const failed = names.some((name) => name.endsWith('.Error')) || actions.some(({ error }) => error !== undefined);
  return failed ? 'error' : 'ok';
}
