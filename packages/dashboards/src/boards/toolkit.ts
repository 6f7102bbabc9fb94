import { ofJobs, range, type MakeBoard } from '../board.ts';

/** Whether the other dashboards can be believed. */
export const toolkit: MakeBoard = (names) => ({
  id: 'toolkit',
  title: 'Locks / Health of the toolkit',
  about: 'Whether what the other dashboards show is all that there was.',
  byLock: false,
  rows: [
    {
      title: 'What is missing',
      panels: [
        {
          title: 'Events dropped',
          about: 'By queues in front of listeners. What a listener never heard of, its dashboards do not show.',
          kind: 'stack',
          axis: 'events',
          unit: 'ops',
          width: 8,
          queries: [
            {
              expr: `sum by (listener, reason) (rate(${names.of('lockscope.events.dropped')}{${ofJobs}}${range}))`,
              legend: '{{listener}} {{reason}}',
            },
          ],
        },
        {
          title: 'Faults of listeners',
          about: 'They never reach the lock, but that listener missed something.',
          kind: 'stack',
          axis: 'faults',
          unit: 'ops',
          width: 8,
          queries: [
            {
              expr: `sum by (listener) (rate(${names.of('lockscope.listener.errors')}{${ofJobs}}${range}))`,
              legend: '{{listener}}',
            },
          ],
        },
        {
          title: 'Counted under _other',
          about: 'A label had too many values. The sums are right, but these can no longer be told apart.',
          kind: 'stack',
          axis: 'observations',
          unit: 'ops',
          width: 8,
          queries: [
            {
              expr: `sum by (reason) (rate(${names.of('lockscope.series.overflow')}{${ofJobs}}${range}))`,
              legend: '{{reason}}',
            },
          ],
        },
      ],
    },
  ],
});
