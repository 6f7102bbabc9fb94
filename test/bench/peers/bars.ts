import type { Measurement, Results } from './results.ts';

/** What the design asks of Lockscope. */
interface Bar {
  readonly what: string;
  readonly measurement: string;
  /** Of a measurement, the value that is judged. */
  readonly value: (measurement: Measurement) => number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Above this distance of the base from itself, a bar that was missed by less than that is not judged. */
const tolerated = 0.05;

function of(peer: string, number: string): (measurement: Measurement) => number {
  return ({ rows }) => rows.find((row) => row.peer === peer)?.numbers[number] ?? NaN;
}

/** Times what another has. */
function times(number: string, other: string): (measurement: Measurement) => number {
  return (measurement) => of('lockscope', number)(measurement) / of(other, number)(measurement);
}

const contended = ['thinking', 'eager'].flatMap((how): Bar[] => [
  {
    what: `8 processes, ${how}: throughput of BLPOP's`,
    measurement: `redis-contended-processes-${how}`,
    value: of('lockscope', 'ofBase'),
    atLeast: 0.9,
  },
  {
    what: `64 workers, ${how}: throughput of BLPOP's`,
    measurement: `redis-contended-workers-${how}`,
    value: of('lockscope', 'ofBase'),
    atLeast: 0.82,
  },
  ...['processes', 'workers', 'shared'].map((shape) => ({
    what: `${shape}, ${how}: Jain index`,
    measurement: `redis-contended-${shape}-${how}`,
    value: of('lockscope', 'jain'),
    atLeast: 0.99,
  })),
  ...['processes', 'workers'].flatMap((shape) => [
    {
      what: `${shape}, ${how}: commands an acquisition`,
      measurement: `redis-contended-${shape}-${how}`,
      value: of('lockscope', 'commands'),
      atMost: 2.2,
    },
    {
      what: `${shape}, ${how}: p99 wait, times BLPOP's`,
      measurement: `redis-contended-${shape}-${how}`,
      value: times('p99', 'blpop'),
      atMost: 1.5,
    },
  ]),
  {
    what: `waiters share a process, ${how}: commands an acquisition`,
    measurement: `redis-contended-shared-${how}`,
    value: of('lockscope', 'commands'),
    atMost: 0.3,
  },
]);

const rushes = ['own', 'shared'].flatMap((connections): Bar[] => [
  {
    what: `rush, ${connections}: most that failed`,
    measurement: `redis-rush-${connections}`,
    value: most('failed'),
    atMost: 0,
  },
  {
    what: `rush, ${connections}: most served before somebody who came first`,
    measurement: `redis-rush-${connections}`,
    value: most('inversions'),
    atMost: 0,
  },
]);

const bars: readonly Bar[] = [
  {
    what: 'Redis, 64 in parallel, of bare',
    measurement: 'redis-uncontended-parallel',
    value: of('lockscope', 'ofBase'),
    atLeast: 0.92,
  },
  {
    what: 'Redis, 64 in parallel, of the best peer',
    measurement: 'redis-uncontended-parallel',
    value: ({ rows }) => {
      const peers = rows.filter(({ peer }) => !/^bare|^lockscope/.test(peer));
      return (
        of('lockscope', 'ofBase')({ rows } as Measurement) /
        Math.max(...peers.map(({ numbers }) => numbers['ofBase'] ?? NaN))
      );
    },
    atLeast: 1,
  },
  {
    what: 'Redis, hand-over, times BLPOP',
    measurement: 'redis-handover',
    value: of('lockscope', 'ofBase'),
    atMost: 1.5,
  },
  ...contended,
  ...rushes,
  {
    what: 'PostgreSQL, hand-over, times pg_advisory_lock',
    measurement: 'postgres-handover',
    value: of('lockscopePostgres', 'ofBase'),
    atMost: 1.2,
  },
];

/** One line for each bar that this run can say something of. */
export function judgements({ measurements }: Results): string[] {
  return bars.flatMap((bar) => {
    const measurement = measurements.find(({ id }) => id === bar.measurement);
    if (measurement === undefined) return [];
    return [judged(bar, measurement)];
  });
}

function judged({ what, value, atLeast = -Infinity, atMost = Infinity }: Bar, measurement: Measurement): string {
  const measured = value(measurement);
  const noise = measurement.noise ?? 0;
  const met = measured >= atLeast && measured <= atMost;
  const near = measured >= atLeast * (1 - noise) && measured <= atMost * (1 + noise);
  const verdict = met ? 'met   ' : near && noise > tolerated ? 'UNSURE' : 'MISSED';
  const bound = atMost === Infinity ? `at least ${atLeast}` : `at most ${atMost}`;
  return `${verdict} ${what}: ${Number(measured.toFixed(3))} (${bound})`;
}

function most(number: string): (measurement: Measurement) => number {
  return ({ rows }) =>
    Math.max(...rows.filter(({ peer }) => peer === 'lockscope').map(({ numbers }) => numbers[number] ?? NaN));
}
