import assert from 'node:assert/strict';

import type { LockStorage } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { listed, longLeaseMs, rejectsWith, type Trial } from './trial.ts';

function calls(trial: Trial, storage: LockStorage, leaseId: string): Record<string, () => Promise<unknown>> {
  return {
    acquire: () => storage.acquire(trial.request('a')),
    renew: () => storage.renew('a', leaseId, longLeaseMs),
    ...(storage.renewMany !== undefined && {
      renewMany: () => storage.renewMany?.([{ key: 'a', leaseId, leaseMs: longLeaseMs }]) ?? Promise.resolve(),
    }),
    release: () => storage.release('a', leaseId),
    ...(storage.leave !== undefined && { leave: () => storage.leave?.('a', leaseId) ?? Promise.resolve() }),
    forceRelease: () => storage.forceRelease('a'),
    read: () => storage.read('a'),
    list: () => listed(storage),
  };
}

export const closing: readonly Script[] = [
  ...group('name', {
    'says the kind, without blanks around it, in lower case': (trial) => {
      assert.match(trial.storage.name, /^[a-z][a-z0-9_.-]*$/, 'it becomes a label');
      return Promise.resolve();
    },
  }),
  ...group('capabilities', {
    'are those that were meant, and come with their methods': (trial) => {
      const { storage, options } = trial;
      assert.deepEqual({ ...storage.capabilities }, { ...options.capabilities });
      if (storage.capabilities.queues) assert.equal(typeof storage.leave, 'function', 'queues without leave');
      if (storage.capabilities.notifies) assert.equal(typeof storage.watch, 'function', 'notifies without watch');
      return Promise.resolve();
    },
  }),
  ...group('closed', {
    'every call rejects with STORAGE_CLOSED, and none throws at once': async (trial) => {
      const { leaseId } = await trial.take('a');
      await trial.storage.close();
      for (const [name, call] of Object.entries(calls(trial, trial.storage, leaseId))) {
        await rejectsWith('STORAGE_CLOSED', name, call);
      }
    },

    'closing again is fine, also at the same time': async (trial) => {
      await Promise.all([trial.storage.close(), trial.storage.close()]);
      await trial.storage.close();
    },

    'watching does not throw, and its way out works before and after': async (trial) => {
      const { storage } = trial;
      const stopBefore = storage.watch?.('a', 'lease', () => undefined);
      await storage.close();
      stopBefore?.();
      storage.watch?.('a', 'lease', () => undefined)();
    },

    'calls that were under way settle': async (trial) => {
      const under = Array.from({ length: 20 }, (_, index) => trial.storage.acquire(trial.request(`key/${index}`)));
      const outcomes = Promise.allSettled(under);
      await trial.inTime('close', trial.storage.close());
      for (const outcome of await trial.inTime('a call before close', outcomes)) {
        if (outcome.status === 'fulfilled') continue;
        const { code } = outcome.reason as { code?: unknown };
        assert.ok(code === 'STORAGE_CLOSED' || code === 'STORAGE_FAILED', `rejected with ${String(outcome.reason)}`);
      }
    },
  }),
];

export const closingOneOfTwo: readonly Script[] = group(
  'closed',
  {
    'another instance on the same data works on': async (trial) => {
      const record = await trial.take('a');
      const other = await trial.second();
      await trial.storage.close();
      await trial.holds(record, other);
      await trial.release(record, other);
    },
  },
  ['second'],
);
