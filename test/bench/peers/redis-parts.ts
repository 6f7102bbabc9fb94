import type { RedisTestServer } from '../../support/servers/redis.ts';
import type { PeerName } from './all-peers.ts';
import { contests, type Shape } from './contests.ts';
import { handovers } from './handover.ts';
import { measurementOf } from './measurement.ts';
import type { Programs } from './programs.ts';
import type { Measurement } from './results.ts';
import { rushes, slack } from './rushes.ts';
import type { Scale } from './scale.ts';

/** Those that have a lease, ours among them. */
export const leased: readonly PeerName[] = [
  'lockscope',
  'redlock4',
  'redlock5',
  'sesamecare',
  'universalLean',
  'universalStandard',
  'redisSemaphore',
];

/** Who may do what on a Redis. */
export interface On {
  readonly redis: RedisTestServer;
  readonly programs: Programs;
  readonly scale: Scale;
  /** Those of `leased` that take part. */
  readonly peers: readonly PeerName[];
}

/** Ours also as it is by itself: a client that it makes hears the news on the connection that it has already. */
function withOwnClient(peers: readonly PeerName[]): PeerName[] {
  return peers.flatMap((peer): PeerName[] => (peer === 'lockscope' ? ['lockscope', 'lockscopeByUrl'] : [peer]));
}

export async function uncontended({ redis, programs, scale, peers: chosen }: On): Promise<Measurement[]> {
  const { rounds, roundMs, parallel } = scale.uncontended;
  const others = chosen.filter((peer) => peer !== 'lockscope');
  const peers: PeerName[] = ['bare', 'lockscope', 'lockscopeByUrl', 'lockscopeWatched', ...others];
  const measurements: Measurement[] = [];
  for (const atOnce of [parallel, 1]) {
    const options = { url: redis.url, peers, parallel: atOnce, rounds, roundMs, serverPid: redis.pid };
    const { pinned, rows } = await programs.uncontended(options);
    const keys =
      atOnce === 1 ? 'One after the other over 100 keys' : `${atOnce} loops at once, each with a key of its own`;
    const where = pinned ? 'server and client on one core' : 'server and client on any core';
    measurements.push(
      measurementOf({
        id: atOnce === 1 ? 'redis-uncontended-sequential' : 'redis-uncontended-parallel',
        kind: 'uncontended',
        title: `Redis, nobody else wants it: an acquire and a release, ${atOnce === 1 ? 'one after the other' : `${atOnce} in parallel`}`,
        how: `${keys}; ${where}, the time is what both work; ${rounds} interleaved rounds, ratios within a round, medians.`,
        rows,
        noiseOf: 'ofBase',
      }),
    );
  }
  return measurements;
}

export async function handover({ redis, programs, scale, peers: chosen }: On): Promise<Measurement[]> {
  const { rounds, samples } = scale.handover;
  const peers: PeerName[] = ['blpop', 'pubsub', ...withOwnClient(chosen)];
  const rows = await handovers({ processes: programs.processes, url: redis.url, peers, rounds, samples });
  return [
    measurementOf({
      id: 'redis-handover',
      kind: 'handover',
      title: 'Redis, hand-over between two processes',
      how: `From the call of release in one process to the lock in the other, which has been waiting for 30 to 230 ms; ${rounds * samples} times each, in ${rounds} interleaved rounds. All with the settings that they have by themselves.`,
      rows,
      noiseOf: 'ofBase',
    }),
  ];
}

export async function contended({ redis, programs, scale, peers: chosen }: On): Promise<Measurement[]> {
  const { rounds, warmMs, runMs, processes, workers } = scale.contended;
  const shapes: Record<string, { readonly title: string; readonly shape: Shape }> = {
    processes: {
      title: `${processes} processes with one worker each`,
      shape: { processes, workers: 1, shared: false },
    },
    workers: {
      title: `${workers} workers of one process, each with a connection of its own`,
      shape: { processes: 1, workers, shared: false },
    },
    shared: {
      title: `${workers} workers of one process that share one connection`,
      shape: { processes: 1, workers, shared: true },
    },
  };
  const measurements: Measurement[] = [];
  for (const [name, { title, shape }] of Object.entries(shapes)) {
    // A connection that waits in BLPOP can do nothing else.
    const floors: PeerName[] = shape.processes > 1 ? ['blpop', 'pubsub'] : shape.shared ? [] : ['blpop'];
    const peers: PeerName[] = [...floors, ...(shape.shared ? chosen : withOwnClient(chosen))];
    const base = shape.shared ? 'lockscope' : 'blpop';
    const options = {
      processes: programs.processes,
      url: redis.url,
      shape,
      peers,
      base,
      rounds,
      warmMs,
      runMs,
    } as const;
    const rows = await contests({ ...options, thinkMs: [4, 0] });
    for (const thinkMs of [4, 0]) {
      const pause = thinkMs === 0 ? 'asking again at once' : `pausing for 0 to ${thinkMs} ms between two`;
      measurements.push(
        measurementOf({
          id: `redis-contended-${name}-${thinkMs === 0 ? 'eager' : 'thinking'}`,
          kind: 'contended',
          title: `Redis, everybody wants it: ${title}, ${pause}`,
          how: `One key, sections of 1 ms; ${rounds} interleaved rounds of ${runMs / 1000} s, medians. All with the settings that they have by themselves; a worker whose lock gives up asks again.`,
          rows: rows.filter((row) => row.thinkMs === thinkMs),
          noiseOf: 'ofBase',
        }),
      );
    }
  }
  return measurements;
}

export async function rush({ redis, programs, scale, peers: chosen }: On): Promise<Measurement[]> {
  const { rounds, contenders } = scale.rush;
  const measurements: Measurement[] = [];
  for (const shared of [false, true]) {
    const peers: readonly PeerName[] = shared ? chosen : ['blpop', ...withOwnClient(chosen)];
    const options = { processes: programs.processes, url: redis.url, peers, shared, contenders, rounds };
    const rows = await rushes({ ...options, sectionsMs: [1, 10] });
    const connections = shared ? 'that share one connection' : 'each with a connection of its own';
    measurements.push(
      measurementOf({
        id: `redis-rush-${shared ? 'shared' : 'own'}`,
        kind: 'rush',
        title: `Redis, a rush: so many at once, ${connections}`,
        how: `All want one lock once, and come four times as fast as they could be served; each may wait for ${slack} times what all sections together take. Failed is who gave up or was served later than that. Efficiency: all sections, of the time that passed. Medians of ${rounds} rounds.`,
        rows: rows.map((row) => ({ ...row, again: false })),
      }),
    );
  }
  return measurements;
}
