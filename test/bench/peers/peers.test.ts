import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { describeWith } from '../../support/describe-with.ts';
import type { Measurement, Results } from './results.ts';

const bench = fileURLToPath(new URL('../peers.bench.mjs', import.meta.url));
const patience = 240_000;

/** What a quick run of these parts measured: every case once, for a moment. */
function ran(parts: string): () => readonly Measurement[] {
  let results: Results | undefined;
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockscope-bench-'));
    const file = join(folder, 'results.json');
    execFileSync(process.execPath, [bench, '--quick', `--only=${parts}`, `--save=${file}`], { encoding: 'utf8' });
    results = JSON.parse(readFileSync(file, 'utf8')) as Results;
  }, patience);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => results?.measurements ?? [];
}

function peersOf({ rows }: Measurement): string[] {
  return [...new Set(rows.map(({ peer }) => peer))];
}

const leased = [
  'lockscope',
  'redlock4',
  'redlock5',
  'sesamecare',
  'universalLean',
  'universalStandard',
  'redisSemaphore',
];

describeWith('redis-server', 'the bench against other locks on Redis', () => {
  const measurements = ran('uncontended,handover,contended,rush');

  it('has a case for everybody in every table', () => {
    for (const measurement of measurements()) expect(peersOf(measurement)).toEqual(expect.arrayContaining(leased));
    expect(measurements().map(({ id }) => id)).toEqual([
      'redis-uncontended-parallel',
      'redis-uncontended-sequential',
      'redis-handover',
      'redis-contended-processes-thinking',
      'redis-contended-processes-eager',
      'redis-contended-workers-thinking',
      'redis-contended-workers-eager',
      'redis-contended-shared-thinking',
      'redis-contended-shared-eager',
      'redis-rush-own',
      'redis-rush-shared',
    ]);
  });

  it('shows the least that a hand-over can cost beside ours', () => {
    for (const id of ['redis-handover', 'redis-contended-processes-thinking', 'redis-contended-processes-eager']) {
      const measurement = measurements().find((one) => one.id === id);
      expect(measurement && peersOf(measurement)).toContain('pubsub');
    }
  });

  it('sees two commands for an acquire and a release that nobody disturbs, whoever makes them', () => {
    const [parallel] = measurements();
    for (const { name, numbers } of parallel?.rows ?? []) expect({ name, ...numbers }).toMatchObject({ commands: 2 });
  });

  it('never sees two workers of a process with the lock at once', () => {
    const seen = measurements().flatMap(({ rows }) => rows.flatMap(({ numbers }) => numbers['overlaps'] ?? []));
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set([0]));
  });

  it('says how far the base was off from itself, wherever it compares', () => {
    const compared = measurements().filter(({ kind }) => kind !== 'rush');
    for (const { noise } of compared) expect(noise).toBeGreaterThanOrEqual(0);
  });
});

describeWith('postgres', 'the bench against other locks on PostgreSQL', () => {
  const measurements = ran('postgres');

  it('has a case for everybody in every table', () => {
    for (const measurement of measurements())
      expect(peersOf(measurement)).toEqual(expect.arrayContaining(['pgAdvisory', 'lockscopePostgres']));
    expect(measurements()).toHaveLength(3);
  });

  it('shows the least that a hand-over can cost beside ours', () => {
    const [, handed, contended] = measurements();
    for (const measurement of [handed, contended]) expect(measurement && peersOf(measurement)).toContain('pgNotify');
  });
});

describe('the bench against other locks in files', () => {
  const measurements = ran('files');

  it('has a case for everybody', () => {
    const [measurement] = measurements();
    expect(measurement && peersOf(measurement)).toEqual(
      expect.arrayContaining(['bareSqlite', 'lockscopeSqlite', 'properLockfile', 'lockscopeFile']),
    );
  });
});
