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
function times(peer: string, number: string, other: string): (measurement: Measurement) => number {
  return (measurement) => of(peer, number)(measurement) / of(other, number)(measurement);
}

/** Ours over a client that it is given, and over one that it made, which hears the news on the connection that it has. */
const ours = [
  { peer: 'lockscope', how: '' },
  { peer: 'lockscopeByUrl', how: ', client of its own' },
] as const;

const contended = ['thinking', 'eager'].flatMap((pace): Bar[] => [
  ...ours.flatMap(({ peer, how }): Bar[] => [
    {
      what: `8 processes, ${pace}${how}: throughput of BLPOP's`,
      measurement: `redis-contended-processes-${pace}`,
      value: of(peer, 'ofBase'),
      atLeast: 0.9,
    },
    {
      what: `64 workers, ${pace}${how}: throughput of BLPOP's`,
      measurement: `redis-contended-workers-${pace}`,
      value: of(peer, 'ofBase'),
      atLeast: 0.82,
    },
    ...['processes', 'workers'].flatMap((shape) => [
      {
        what: `${shape}, ${pace}${how}: Jain index`,
        measurement: `redis-contended-${shape}-${pace}`,
        value: of(peer, 'jain'),
        atLeast: 0.99,
      },
      {
        what: `${shape}, ${pace}${how}: commands an acquisition`,
        measurement: `redis-contended-${shape}-${pace}`,
        value: of(peer, 'commands'),
        atMost: 2.2,
      },
      {
        what: `${shape}, ${pace}${how}: p99 wait, times BLPOP's`,
        measurement: `redis-contended-${shape}-${pace}`,
        value: times(peer, 'p99', 'blpop'),
        atMost: 1.5,
      },
    ]),
  ]),
  {
    what: `waiters share a process, ${pace}: Jain index`,
    measurement: `redis-contended-shared-${pace}`,
    value: of('lockscope', 'jain'),
    atLeast: 0.99,
  },
  {
    what: `waiters share a process, ${pace}: commands an acquisition`,
    measurement: `redis-contended-shared-${pace}`,
    value: of('lockscope', 'commands'),
    atMost: 0.3,
  },
]);

const rushes = [
  ...ours.map((one) => ({ ...one, connections: 'own' })),
  { peer: 'lockscope', how: '', connections: 'shared' },
].flatMap(({ peer, how, connections }): Bar[] => [
  {
    what: `rush, ${connections}${how}: most that failed`,
    measurement: `redis-rush-${connections}`,
    value: most(peer, 'failed'),
    atMost: 0,
  },
  {
    what: `rush, ${connections}${how}: most served before somebody who came first`,
    measurement: `redis-rush-${connections}`,
    value: most(peer, 'inversions'),
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
  ...ours.map(({ peer, how }): Bar => ({
    what: `Redis, hand-over${how}, times BLPOP`,
    measurement: 'redis-handover',
    value: of(peer, 'ofBase'),
    atMost: 1.5,
  })),
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
    // Nothing can be said of what did not take part.
    if (measurement === undefined || Number.isNaN(bar.value(measurement))) return [];
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

function most(whose: string, number: string): (measurement: Measurement) => number {
  return ({ rows }) => {
    const all = rows.filter(({ peer }) => peer === whose).map(({ numbers }) => numbers[number] ?? NaN);
    return all.length === 0 ? NaN : Math.max(...all);
  };
}
