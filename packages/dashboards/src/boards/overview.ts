import { ofJobs, range, type MakeBoard, type Panel } from '../board.ts';
import type { MetricNames } from '../naming.ts';
import { recorded } from '../rules.ts';

/** How all locks are doing: which one hurts, since when, and how much. */
export const overview: MakeBoard = (names) => ({
  id: 'overview',
  title: 'Locks / Overview',
  about: 'Which lock hurts, since when, and how much.',
  byLock: false,
  rows: [
    { title: 'Now', panels: numbers(names) },
    {
      title: 'Callers: how many, how many wait, how many fail',
      panels: [
        {
          title: 'Acquires by outcome',
          about:
            'Every request for a lock, by how it ended. Anything but acquired and not_acquired is a caller that failed.',
          kind: 'stack',
          axis: 'acquires',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (lock_outcome) (rate(${names.count('lock.acquire.duration')}{${ofJobs}}${range}))`,
              legend: '{{lock_outcome}}',
            },
          ],
        },
        {
          title: 'Blocked callers, the ten worst locks',
          about:
            'How many callers waited at the same time, on average over five minutes. One that is always 1 costs you a caller.',
          kind: 'stack',
          axis: 'blocked callers',
          unit: 'short',
          queries: [
            {
              expr: `topk(10, sum by (lock_name) (${recorded.blockedCallers}{${ofJobs}}))`,
              legend: '{{lock_name}}',
            },
          ],
        },
        {
          title: 'Contention',
          about:
            'Part of the acquires that found somebody else there. Contention is not failure; watch it together with the waiting time.',
          kind: 'lines',
          axis: 'of the acquires',
          unit: 'percentunit',
          queries: [{ expr: `max by (lock_name) (${recorded.contendedRatio}{${ofJobs}})`, legend: '{{lock_name}}' }],
        },
        {
          title: 'Use of locks with one key',
          about:
            'Part of the time for which the lock was held. At 100 % nobody else gets it, and everything behind it waits.',
          kind: 'lines',
          axis: 'of the time',
          unit: 'percentunit',
          limit: 0.8,
          queries: [{ expr: `sum by (lock_name) (${recorded.utilization}{${ofJobs}})`, legend: '{{lock_name}}' }],
        },
      ],
    },
    {
      title: 'How long it takes to get a lock, and how long it is kept',
      panels: [
        {
          title: 'Time to acquire, p99',
          about:
            'From the request to the outcome, waiting included. Beside the time of holding: who waits long for a short hold has a queue before him.',
          kind: 'lines',
          unit: 's',
          queries: [{ expr: `max by (lock_name) (${recorded.acquireP99}{${ofJobs}})`, legend: '{{lock_name}}' }],
        },
        {
          title: 'Time of holding, p99',
          about:
            'From the grant to the release or the loss. It is counted when it ends; for what goes on now see the oldest holder.',
          kind: 'lines',
          unit: 's',
          queries: [{ expr: `max by (lock_name) (${recorded.holdP99}{${ofJobs}})`, legend: '{{lock_name}}' }],
        },
      ],
    },
    { title: 'Lock by lock', panels: [table(names)] },
  ],
});

function numbers(names: MetricNames): readonly Panel[] {
  return [
    {
      title: 'Leases lost, 24 h',
      about: 'Locks that were lost while they were held. Each is a time at which two may have worked at once.',
      kind: 'number',
      unit: 'short',
      width: 6,
      limit: 1,
      queries: [{ expr: `sum(increase(${names.of('lock.lease.lost')}{${ofJobs}}[24h]))`, legend: 'lost' }],
    },
    {
      title: 'Oldest waiter',
      about:
        'How long the caller that has waited longest has waited so far. Histograms know of a wait only when it is over.',
      kind: 'number',
      unit: 's',
      width: 6,
      limit: 60,
      queries: [{ expr: `max(${names.of('lock.wait.oldest.age')}{${ofJobs}})`, legend: 'oldest waiter' }],
    },
    {
      title: 'Callers that wait now',
      about: 'Acquires that wait because somebody else has the lock.',
      kind: 'number',
      unit: 'short',
      width: 6,
      queries: [{ expr: `sum(${names.of('lock.waiter.count')}{${ofJobs}})`, legend: 'waiting' }],
    },
    {
      title: 'Locks held now',
      about: 'Locks that the chosen services hold.',
      kind: 'number',
      unit: 'short',
      width: 6,
      queries: [{ expr: `sum(${names.of('lock.holder.count')}{${ofJobs}})`, legend: 'held' }],
    },
  ];
}

function table(names: MetricNames): Panel {
  return {
    title: 'Locks',
    about: 'One line a lock, the one with the most blocked callers first.',
    kind: 'table',
    width: 24,
    sortBy: 'Blocked callers',
    queries: [
      { expr: `sum by (lock_name) (${recorded.acquireRate}{${ofJobs}})`, legend: 'Acquires', unit: 'ops' },
      { expr: `max by (lock_name) (${recorded.contendedRatio}{${ofJobs}})`, legend: 'Contended', unit: 'percentunit' },
      { expr: `max by (lock_name) (${recorded.acquireP99}{${ofJobs}})`, legend: 'p99 acquire', unit: 's' },
      { expr: `max by (lock_name) (${recorded.holdP99}{${ofJobs}})`, legend: 'p99 hold', unit: 's' },
      { expr: `sum by (lock_name) (${recorded.blockedCallers}{${ofJobs}})`, legend: 'Blocked callers', unit: 'short' },
      {
        expr: `max by (lock_name) (${names.of('lock.wait.oldest.age')}{${ofJobs}})`,
        legend: 'Oldest waiter',
        unit: 's',
      },
    ],
  };
}
