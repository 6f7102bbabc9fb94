import { ofJobs, ofLocks, range, type MakeBoard } from '../board.ts';
import { recorded } from '../rules.ts';

/** Who makes whom wait. */
export const blame: MakeBoard = (names) => {
  const blocked = names.of('lock.blocked.time');
  const edges = names.of('lock.order.edges');
  return {
    id: 'blame',
    title: 'Locks / Blame',
    about: 'Which code makes which code wait.',
    byLock: true,
    rows: [
      {
        title: 'Waiting, charged to its cause',
        panels: [
          {
            title: 'Who makes others wait',
            about:
              'Blocked callers, by what the holder was doing. The sum over all causes is all the waiting that there was.',
            kind: 'stack',
            axis: 'blocked callers',
            unit: 'short',
            queries: [
              {
                expr: `topk(10, sum by (lock_blocker_operation) (rate(${blocked}{${ofLocks}}${range})))`,
                legend: '{{lock_blocker_operation}}',
              },
            ],
          },
          {
            title: 'The ten worst',
            about: 'Waiting time that each cause made in the time that is shown.',
            kind: 'bars',
            unit: 's',
            queries: [
              {
                expr: `topk(10, sum by (lock_blocker_operation) (increase(${blocked}{${ofLocks}}[$__range])))`,
                legend: '{{lock_blocker_operation}}',
              },
            ],
          },
          {
            title: 'Who waits for whom',
            about:
              'Waiting time in the time that is shown: the operation that waited, the one that had the lock, the lock.',
            kind: 'table',
            sortBy: 'Waited',
            queries: [
              {
                expr: `sum by (lock_waiter_operation, lock_blocker_operation, lock_name) (increase(${blocked}{${ofLocks}}[$__range])) > 0`,
                legend: 'Waited',
                unit: 's',
              },
            ],
          },
          {
            title: 'Blocked callers by lock and cause',
            about: 'The average of five minutes, as the recording rules keep it: for long times.',
            kind: 'stack',
            axis: 'blocked callers',
            unit: 'short',
            queries: [
              {
                expr: `topk(10, sum by (lock_name, lock_blocker_operation) (${recorded.blockedBy}{${ofLocks}}))`,
                legend: '{{lock_name}} by {{lock_blocker_operation}}',
              },
            ],
          },
        ],
      },
      {
        title: 'In which order locks are taken',
        panels: [
          {
            title: 'One lock inside another',
            about: 'How often a lock was asked for by somebody who had another, in the time that is shown.',
            kind: 'table',
            sortBy: 'Times',
            queries: [
              {
                expr: `sum by (lock_from, lock_to) (increase(${edges}{${ofJobs}}[$__range])) > 0`,
                legend: 'Times',
                unit: 'short',
              },
            ],
          },
          {
            title: 'Taken in both orders',
            about:
              'Pairs that are taken in both orders somewhere in the fleet, not only in the chosen services. One day two will wait for each other.',
            kind: 'table',
            sortBy: 'Times',
            queries: [
              {
                expr: `sum by (lock_from, lock_to) (${edges}) and on (lock_from, lock_to) ${recorded.reversedEdges}`,
                legend: 'Times',
                unit: 'short',
              },
            ],
          },
          {
            title: 'Deadlocks',
            about: 'Acquires that were ended because they would have waited for themselves.',
            kind: 'lines',
            axis: 'deadlocks',
            unit: 'short',
            queries: [
              {
                expr: `sum by (lock_name) (increase(${names.of('lock.deadlocks')}{${ofLocks}}${range}))`,
                legend: '{{lock_name}}',
              },
            ],
          },
        ],
      },
    ],
  };
};
