import type { LockStorage, RenewRequest } from '@lockscope/storage';

import { withChanges, without, type StorageDouble } from './storage-double.ts';

/** The renewals of many are changed before they are sent. */
function renewing(storage: LockStorage, change: (requests: readonly RenewRequest[]) => RenewRequest[]): LockStorage {
  return withChanges(storage, {
    renewMany: async (requests) => (await storage.renewMany?.(change(requests))) ?? [],
  });
}

export const renewingManyDoubles: readonly StorageDouble[] = [
  {
    name: 'answers many renewals in another order',
    caughtBy: ['renew many: each is answered as if it were alone, in the order of the requests'],
    wrap: (storage) => renewing(storage, (requests) => requests.toReversed()),
  },
  {
    name: 'leaves out the renewals that it refuses, of many',
    caughtBy: [
      'renew many: each is answered as if it were alone, in the order of the requests',
      'damage: a damaged record among many renewals is answered for itself, and the others are renewed',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async renewMany(requests) {
          const answers = (await storage.renewMany?.(requests)) ?? [];
          return answers.filter((answer) => 'renewed' in answer && answer.renewed);
        },
      }),
  },
  {
    name: 'renews each lock once, of many',
    caughtBy: ['renew many: the same request twice is answered twice'],
    wrap: (storage) => renewing(storage, (requests) => [...new Map(requests.map((each) => [each.key, each])).values()]),
  },
  {
    name: 'renews only the first thousand, of many',
    caughtBy: ['renew many: a great many at once'],
    wrap: (storage) => renewing(storage, (requests) => requests.slice(0, 1000)),
  },
  {
    name: 'renews all for the same time, of many',
    caughtBy: ['renew many: each with its own lease, later or sooner than before'],
    wrap: (storage) =>
      renewing(storage, (requests) =>
        requests.map((each) => ({ ...each, leaseMs: requests[0]?.leaseMs ?? each.leaseMs })),
      ),
  },
  {
    name: 'passes nothing on when it renews many',
    caughtBy: ['renew many: passes on what is to be passed on'],
    wrap: (storage) => renewing(storage, (requests) => requests.map((each) => without(each, 'update'))),
  },
  {
    name: 'cannot renew none of many',
    caughtBy: ['renew many: no requests, no answers'],
    wrap: (storage) =>
      withChanges(storage, {
        async renewMany(requests) {
          if (requests.length === 0) throw new Error('nothing to renew');
          return (await storage.renewMany?.(requests)) ?? [];
        },
      }),
  },
  {
    name: 'renews none of many when one record is damaged',
    caughtBy: ['damage: a damaged record among many renewals is answered for itself, and the others are renewed'],
    wrap: (storage) =>
      withChanges(storage, {
        async renewMany(requests) {
          const answers = (await storage.renewMany?.(requests)) ?? [];
          for (const answer of answers) if (answer instanceof Error) throw answer;
          return answers;
        },
      }),
  },
];
