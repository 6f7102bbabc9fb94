import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { PostgresTestServer } from '../../support/servers/postgres.ts';
import { contests } from './contests.ts';
import { handovers } from './handover.ts';
import { measurementOf } from './measurement.ts';
import type { Programs } from './programs.ts';
import type { Measurement } from './results.ts';
import type { Scale } from './scale.ts';

/** On a PostgreSQL that writes to its disk. */
export async function postgres(
  server: PostgresTestServer,
  { programs, scale }: { readonly programs: Programs; readonly scale: Scale },
): Promise<Measurement[]> {
  const { url } = server;
  const alone = scale.uncontended;
  const handing = scale.handover;
  const { rounds, warmMs, runMs, processes } = scale.contended;
  const { rows } = await programs.uncontended({
    url,
    peers: ['pgAdvisory', 'pgRow', 'lockscopePostgres'],
    parallel: 1,
    rounds: alone.rounds,
    roundMs: alone.roundMs,
  });
  const uncontended = measurementOf({
    id: 'postgres-uncontended',
    kind: 'uncontended',
    title: 'PostgreSQL, nobody else wants it: an acquire and a release, one after the other',
    how: `Over 100 keys, commits on disk, on any core; ${alone.rounds} interleaved rounds, ratios within a round, medians.`,
    rows,
    noiseOf: 'ofBase',
  });
  const handed = measurementOf({
    id: 'postgres-handover',
    kind: 'handover',
    title: 'PostgreSQL, hand-over between two processes',
    how: `From the call of release in one process to the lock in the other, which has been waiting for 30 to 230 ms; ${handing.rounds * handing.samples} times each, in ${handing.rounds} interleaved rounds.`,
    rows: await handovers({
      processes: programs.processes,
      url,
      peers: ['pgAdvisory', 'pgNotify', 'lockscopePostgres'],
      ...handing,
    }),
    noiseOf: 'ofBase',
  });
  const contended = await contests({
    processes: programs.processes,
    url,
    shape: { processes, workers: 1, shared: false },
    peers: ['pgAdvisory', 'pgNotify', 'lockscopePostgres'],
    base: 'pgAdvisory',
    thinkMs: [4],
    rounds,
    warmMs,
    runMs,
  });
  return [
    uncontended,
    handed,
    measurementOf({
      id: 'postgres-contended-processes-thinking',
      kind: 'contended',
      title: `PostgreSQL, everybody wants it: ${processes} processes with one worker each, pausing for 0 to 4 ms between two`,
      how: `One key, sections of 1 ms; ${rounds} interleaved rounds of ${runMs / 1000} s, medians.`,
      // Only what goes over ioredis is counted.
      rows: contended.map((row) => ({ ...row, numbers: { ...row.numbers, commands: NaN } })),
      noiseOf: 'ofBase',
    }),
  ];
}

/** In a folder of this machine. */
export async function files({
  programs,
  scale,
}: {
  readonly programs: Programs;
  readonly scale: Scale;
}): Promise<Measurement[]> {
  const { rounds, roundMs } = scale.uncontended;
  const url = mkdtempSync(join(tmpdir(), 'lockscope-bench-'));
  try {
    const peers = ['bareSqlite', 'lockscopeSqlite', 'properLockfile', 'lockscopeFile'] as const;
    const { rows } = await programs.uncontended({ url, peers, parallel: 1, rounds, roundMs });
    return [
      measurementOf({
        id: 'files-uncontended',
        kind: 'uncontended',
        title: 'Files, nobody else wants it: an acquire and a release, one after the other',
        how: `Over 100 keys, on any core; ${rounds} interleaved rounds, ratios within a round, medians.`,
        rows,
        noiseOf: 'ofBase',
      }),
    ];
  } finally {
    rmSync(url, { recursive: true, force: true });
  }
}
