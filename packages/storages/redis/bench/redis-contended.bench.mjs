// One lock that 8 processes want all the time (goals 13 to 16), beside a token in a list that they pass on with BLPOP
// and RPUSH: first come first served, without a lease. Needs redis-server. Build first: `pnpm bench redis-contended`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from '../../../../test/bench/rounds.mjs';
import { startServer } from './server.mjs';

const processes = Number(process.env.PROCESSES ?? 8);
const rounds = Number(process.env.ROUNDS ?? 3);
const roundMs = 3000;
const program = fileURLToPath(new URL('contender.mjs', import.meta.url));
const server = await startServer();

async function start(kind, thinkMs) {
  const children = Array.from({ length: processes }, () => fork(program, [kind, server.port, thinkMs]));
  await Promise.all(children.map((child) => once(child, 'message')));
  return children;
}

/** What clients sent: what scripts call is counted by the server too, under other names. */
const sent = {
  'BLPOP token': /^cmdstat_(?:blpop|rpush):calls=(\d+)/gm,
  lockscope: /^cmdstat_(?:evalsha|eval):calls=(\d+)/gm,
};

async function commands(name) {
  const calls = [...(await server.client.info('commandstats')).matchAll(sent[name])];
  return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}

async function round(name, children) {
  await server.client.config('RESETSTAT');
  for (const child of children) child.send('start');
  await sleep(roundMs);
  const answers = children.map((child) => once(child, 'message'));
  for (const child of children) child.send('stop');
  const counts = [];
  const waits = [];
  for (const [one] of await Promise.all(answers)) {
    counts.push(one.length);
    waits.push(...one);
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const squares = counts.reduce((sum, count) => sum + count * count, 0);
  waits.sort((a, b) => a - b);
  return {
    perSecond: total / (roundMs / 1000),
    jain: (total * total) / (counts.length * squares),
    least: Math.min(...counts) / (total / counts.length),
    p50: waits[Math.floor(waits.length * 0.5)],
    p99: waits[Math.floor(waits.length * 0.99)],
    most: waits.at(-1),
    commands: (await commands(name)) / total,
  };
}

function line(name, results, base) {
  const of = (field) => median(results.map((result) => result[field]));
  const ratio = median(results.map((result, index) => result.perSecond / base[index].perSecond));
  const cells = [of('perSecond').toFixed(0), ratio.toFixed(2), of('jain').toFixed(4), of('least').toFixed(2)];
  cells.push(of('p50').toFixed(1), of('p99').toFixed(1), of('most').toFixed(1), of('commands').toFixed(2));
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}

await server.client.rpush('token', '1');
for (const thinkMs of [4, 0]) {
  console.log(`\n## ${processes} processes, ${thinkMs === 0 ? 'no think time' : `think time 0 to ${thinkMs} ms`}\n`);
  console.log('| | acquisitions/s | x BLPOP | Jain | least / mean | p50 ms | p99 ms | max ms | commands each |');
  console.log('|---|---:|---:|---:|---:|---:|---:|---:|---:|');
  const kinds = { 'BLPOP token': await start('blpop', thinkMs), lockscope: await start('lockscope', thinkMs) };
  const results = {};
  for (let index = 0; index < rounds; index += 1) {
    for (const [name, children] of Object.entries(kinds)) (results[name] ??= []).push(await round(name, children));
  }
  for (const [name, each] of Object.entries(results)) line(name, each, results['BLPOP token']);
  for (const child of Object.values(kinds).flat()) child.send('end');
}
server.stop();
