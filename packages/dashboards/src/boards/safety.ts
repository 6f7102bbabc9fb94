import { ofJobs, ofLocks, range, type MakeBoard, type Panel } from '../board.ts';
import type { MetricNames } from '../naming.ts';

/** Whether those who have a lock really have it, and for how long they still will. */
export const safety: MakeBoard = (names) => ({
  id: 'safety',
  title: 'Locks / Safety of leases',
  about: 'Whether those who have a lock really have it.',
  byLock: true,
  rows: [
    { title: 'What went wrong', panels: wrong(names) },
    { title: 'How close it was', panels: close(names) },
    { title: 'What it stands on', panels: ground(names) },
  ],
});

function wrong(names: MetricNames): readonly Panel[] {
  return [
    {
      title: 'Leases lost',
      about:
        'Locks that were lost while they were held, by reason. stalled: the process did not run; unreachable: the storage; stolen or forced: somebody took it.',
      kind: 'stack',
      axis: 'leases',
      unit: 'short',
      queries: [
        {
          expr: `sum by (lock_lost_reason) (increase(${names.of('lock.lease.lost')}{${ofLocks}}${range}))`,
          legend: '{{lock_lost_reason}}',
        },
      ],
    },
    {
      title: 'Writes refused for a stale token',
      about:
        'A holder went on after it had lost its lock, and the guarded resource refused it. Without fencing this would have been a lost update.',
      kind: 'lines',
      axis: 'writes',
      unit: 'short',
      queries: [
        {
          expr: `sum by (lock_name) (increase(${names.of('lock.fencing.rejected')}{${ofLocks}}${range}))`,
          legend: '{{lock_name}}',
        },
      ],
    },
    {
      title: 'Holders against their limit',
      about:
        'For locks with one key, of all services. More than the limit for longer than a scrape is two who both believe to be the only one.',
      kind: 'lines',
      axis: 'holders',
      unit: 'short',
      width: 24,
      queries: [
        {
          expr: `sum by (lock_name) (${names.of('lock.holder.count')}{lock_name=~"$lock_name"})\nand on (lock_name) ${names.of('lock.holder.limit')}`,
          legend: '{{lock_name}} holders',
        },
        {
          expr: `max by (lock_name) (${names.of('lock.holder.limit')}{lock_name=~"$lock_name"})`,
          legend: '{{lock_name}} limit',
        },
      ],
    },
  ];
}

function close(names: MetricNames): readonly Panel[] {
  const used = (q: number): string =>
    `histogram_quantile(${q}, sum by (lock_name, le) (rate(${names.bucket('lock.lease.utilization')}{${ofLocks}}${range})))`;
  return [
    {
      title: 'Lease used up when its renewal landed',
      about: 'A third is normal. At 100 % the lease is over, and with it the lock.',
      kind: 'lines',
      unit: 'percentunit',
      limit: 1,
      width: 8,
      queries: [
        { expr: used(0.5), legend: '{{lock_name}} p50', exemplars: true },
        { expr: used(0.99), legend: '{{lock_name}} p99', exemplars: true },
      ],
    },
    {
      title: 'Time of a renewal, p99',
      about: 'It eats into the lease.',
      kind: 'lines',
      unit: 's',
      width: 8,
      queries: [
        {
          expr: `histogram_quantile(0.99, sum by (lock_name, le) (rate(${names.bucket('lock.renew.duration')}{${ofLocks}}${range})))`,
          legend: '{{lock_name}}',
          exemplars: true,
        },
      ],
    },
    {
      title: 'Renewals that did not renew',
      about: 'A renewal that failed is not a lost lock: there is time for another.',
      kind: 'stack',
      axis: 'renewals',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: `sum by (lock_name, lock_outcome) (rate(${names.count('lock.renew.duration')}{${ofLocks}, lock_outcome!="renewed"}${range}))`,
          legend: '{{lock_name}} {{lock_outcome}}',
        },
      ],
    },
  ];
}

function ground(names: MetricNames): readonly Panel[] {
  const operations = 'lock.store.operation.duration';
  return [
    {
      title: 'Time of an operation in the storage, p99',
      about: 'When this rises together with the waiting, it is the storage and not a lock.',
      kind: 'lines',
      unit: 's',
      width: 8,
      queries: [
        {
          expr: `histogram_quantile(0.99, sum by (lock_system, lock_store_operation, le) (rate(${names.bucket(operations)}{${ofJobs}}${range})))`,
          legend: '{{lock_system}} {{lock_store_operation}}',
          exemplars: true,
        },
      ],
    },
    {
      title: 'Operations that failed in the storage',
      about: 'By the kind of storage and the error.',
      kind: 'stack',
      axis: 'operations',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: `sum by (lock_system, error_type) (rate(${names.count(operations)}{${ofJobs}, error_type!=""}${range}))`,
          legend: '{{lock_system}} {{error_type}}',
        },
      ],
    },
    {
      title: 'Event loop and garbage collection of the processes',
      about:
        'How late the event loop was (p99), and how much of a second went into garbage collection. A process that does not run renews nothing. From the default metrics of the exporter.',
      kind: 'lines',
      unit: 's',
      width: 8,
      queries: [
        { expr: `max by (instance) (${names.runtime.eventLoopDelayP99}{${ofJobs}})`, legend: '{{instance}} loop late' },
        { expr: `sum by (instance) (rate(${names.runtime.gcTime}{${ofJobs}}${range}))`, legend: '{{instance}} gc' },
      ],
    },
  ];
}
