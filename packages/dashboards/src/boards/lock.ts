import { ofLocks, range, type MakeBoard } from '../board.ts';

/** One lock, or a few: what its callers wait for, and who has it. */
export const lock: MakeBoard = (names) => ({
  id: 'lock',
  title: 'Locks / One lock',
  about: 'What the callers of a lock wait for, and who has it.',
  byLock: true,
  rows: [
    {
      title: 'Waiting',
      panels: [
        {
          title: 'Time of waiting',
          about:
            'Acquires that found somebody else there, by how long they took. A point is one wait: follow it to the trace of the waiter, or to that of who blocked it.',
          kind: 'heatmap',
          unit: 's',
          queries: [
            {
              expr: `sum by (le) (increase(${names.bucket('lock.acquire.duration')}{${ofLocks}, lock_contended="true"}${range}))`,
              legend: '{{le}}',
              exemplars: true,
            },
          ],
        },
        {
          title: 'What they wait for',
          about:
            'Blocked callers, by what the holder was doing. _handoff: the lock was free and the waiter did not know yet; _backoff: it slept and cannot know; _store: the storage; _local: others of its own process.',
          kind: 'stack',
          axis: 'blocked callers',
          unit: 'short',
          queries: [
            {
              expr: `sum by (lock_blocker_operation) (rate(${names.of('lock.blocked.time')}{${ofLocks}}${range}))`,
              legend: '{{lock_blocker_operation}}',
            },
          ],
        },
        {
          title: 'Callers that wait',
          about: 'How many wait at this moment. A line that never comes down to 0 is a standing queue.',
          kind: 'lines',
          axis: 'callers',
          unit: 'short',
          queries: [
            { expr: `sum by (lock_name) (${names.of('lock.waiter.count')}{${ofLocks}})`, legend: '{{lock_name}}' },
          ],
        },
        {
          title: 'Oldest waiter and oldest holder',
          about: 'Ages of what is still going on, against the time that was declared for a hold.',
          kind: 'lines',
          unit: 's',
          queries: [
            {
              expr: `max by (lock_name) (${names.of('lock.wait.oldest.age')}{${ofLocks}})`,
              legend: '{{lock_name}} waits',
            },
            {
              expr: `max by (lock_name) (${names.of('lock.hold.oldest.age')}{${ofLocks}})`,
              legend: '{{lock_name}} held',
            },
            {
              expr: `max by (lock_name) (${names.of('lock.hold.expected')}{${ofLocks}})`,
              legend: '{{lock_name}} declared',
            },
          ],
        },
        {
          title: 'Questions to the storage for one acquire',
          about: '1 is an acquire that got its lock at once. Many: callers poll, and the storage bears it.',
          kind: 'lines',
          axis: 'questions',
          unit: 'short',
          queries: [
            {
              expr: `sum by (lock_name) (rate(${names.of('lock.acquire.attempts')}{${ofLocks}}${range}))\n/ sum by (lock_name) (rate(${names.count('lock.acquire.duration')}{${ofLocks}}${range}))`,
              legend: '{{lock_name}}',
            },
          ],
        },
        {
          title: 'Free between two holders, against the time of holding',
          about:
            'When the lock is free for longer (p95) than it is held (p50) while callers wait, waiting is waste: they learn too late that it is free.',
          kind: 'lines',
          unit: 's',
          queries: [
            {
              expr: `histogram_quantile(0.95, sum by (lock_name, le) (rate(${names.bucket('lock.handoff.duration')}{${ofLocks}}${range})))`,
              legend: '{{lock_name}} free, p95',
              exemplars: true,
            },
            {
              expr: `histogram_quantile(0.5, sum by (lock_name, le) (rate(${names.bucket('lock.hold.duration')}{${ofLocks}}${range})))`,
              legend: '{{lock_name}} held, p50',
              exemplars: true,
            },
          ],
        },
      ],
    },
    {
      title: 'Holding',
      panels: [
        {
          title: 'Time of holding',
          about: 'Possessions that ended, by how long they took. A point leads to the trace of the holder.',
          kind: 'heatmap',
          unit: 's',
          queries: [
            {
              expr: `sum by (le) (increase(${names.bucket('lock.hold.duration')}{${ofLocks}}${range}))`,
              legend: '{{le}}',
              exemplars: true,
            },
          ],
        },
        {
          title: 'Who has it',
          about:
            'The process that holds a lock of this name, over time. Two at once for a lock with one key are two too many.',
          kind: 'timeline',
          queries: [
            {
              expr: `sum by (lock_name, instance) (${names.of('lock.holder.count')}{${ofLocks}}) > 0`,
              legend: '{{lock_name}} {{instance}}',
            },
          ],
        },
      ],
    },
  ],
});
