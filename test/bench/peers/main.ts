// Ours beside the locks that people use. Started by `peers.bench.mjs`; arguments: see `arguments.ts`.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

import { requireTool } from '../../support/require-tool.ts';
import { startPostgres } from '../../support/servers/postgres.ts';
import { startRedis } from '../../support/servers/redis.ts';
import { readArguments } from './arguments.ts';
import { judgements } from './bars.ts';
import { files, postgres } from './other-parts.ts';
import { makePrograms } from './programs.ts';
import { contended, handover, rush, uncontended } from './redis-parts.ts';
import type { Measurement, Results } from './results.ts';
import { saveInto } from './saving.ts';
import { table } from './tables.mjs';
import { versionOf } from './version-of.ts';

const { scale, only, peers, save } = readArguments(
  process.argv.slice(2),
  fileURLToPath(new URL('../results', import.meta.url)),
);
const measurements: Measurement[] = [];

function say(measured: readonly Measurement[]): void {
  for (const one of measured) {
    measurements.push(one);
    const noise = one.noise === undefined ? '' : ` Base against itself: off by ${(one.noise * 100).toFixed(1)} %.`;
    console.log(`\n## ${one.title}\n\n${table(one)}\n\n${one.how}${noise}`);
  }
}

async function onRedis(part: typeof uncontended): Promise<void> {
  const redis = await startRedis();
  try {
    say(await part({ redis, programs, scale, peers }));
  } finally {
    await redis.stop();
  }
}

async function onPostgres(): Promise<void> {
  const server = await startPostgres({ persistent: true });
  try {
    say(await postgres(server, { programs, scale }));
  } finally {
    await server.stop();
  }
}

const programs = await makePrograms();
const runs = {
  uncontended: () => onRedis(uncontended),
  handover: () => onRedis(handover),
  contended: () => onRedis(contended),
  rush: () => onRedis(rush),
  postgres: onPostgres,
  files: async () => say(await files({ programs, scale })),
};
for (const part of only) {
  await runs[part]();
  // After each, so that a run that is cut short has what it came to.
  if (save !== undefined) saveInto(save, results());
}
await programs.processes.end();
const { node, cpus: cores, versions: used } = results();
console.log(`\n${judgements(results()).join('\n')}\n\nNode ${node}, ${cores} cores`);
const names = Object.entries(used).map(([name, version]) => `${name} ${version}`);
console.log(names.join(', '));

function results(): Results {
  return { node: process.versions.node, cpus: cpus().length, versions: versions(), measurements };
}

function versions(): Record<string, string> {
  const clients = ['ioredis', 'pg', 'libsql'];
  const compared = ['redlock-4', 'redlock-5', '@sesamecare-oss/redlock', 'redlock-universal', 'redis-semaphore'];
  const packages = [...clients, ...compared, 'proper-lockfile'].map((name) => [name, versionOf(name)]);
  const servers = ['redis-server', 'postgres'].flatMap((name) => {
    const { path } = requireTool(name);
    const said = path === undefined ? '' : execFileSync(path, ['--version'], { encoding: 'utf8' });
    const version = /\d+(?:\.\d+)+/.exec(said)?.[0];
    return version === undefined ? [] : [[name, version]];
  });
  return Object.fromEntries([...servers, ...packages]) as Record<string, string>;
}
