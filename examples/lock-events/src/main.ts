// Three processes with locks, and one that sees what all of them do: node main.js [nats] [redis]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { lockEvents } from '@lockscope/delivery';

import { connect } from './brokers.ts';
import { collect } from './view.ts';

const [nats = 'nats://127.0.0.1:4222', redis = 'redis://127.0.0.1:6379'] = process.argv.slice(2);
const names = ['api', 'billing', 'cron'];
// Each process has 10 possessions, and each of these is two events: the request and the whole.
const expected = names.length * 10 * 2;

const folder = mkdtempSync(join(tmpdir(), 'lockscope-events-'));
const brokers = connect(nats, redis);
try {
  const streams = brokers.map((broker) => lockEvents(broker, { onError: sayOnce() }));
  await Promise.all(streams.map(({ ready }) => ready));
  const views = Promise.all(streams.map((stream) => collect(stream, expected)));

  const program = fileURLToPath(new URL('worker.js', import.meta.url));
  const workers = names.map((name) => fork(program, [name, join(folder, 'locks.db'), nats, redis]));
  const codes = await Promise.all(workers.map(async (worker) => ((await once(worker, 'exit')) as [number])[0]));
  if (codes.some((code) => code !== 0)) throw new Error(`processes ended with ${codes.join(', ')}`);

  const [overNats, overRedis] = await views;
  if (overNats === undefined || overRedis === undefined) throw new Error('there are two views');
  console.log(`events over NATS: ${overNats.events.size}, over Redis: ${overRedis.events.size}`);
  for (const name of names) console.log(`${name} held a lock ${overNats.possessions.get(name)} times`);
  console.log(`requests that had to wait: ${overNats.waited}`);
  const same = overNats.holders.join('\n') === overRedis.holders.join('\n');
  console.log(`both views agree on who held what in which order: ${same ? 'yes' : 'no'}`);
} finally {
  for (const broker of brokers) await broker.close();
  rmSync(folder, { recursive: true });
}

/** That a broker is away is said once; the loop goes on where it was when it is back. */
function sayOnce(): (error: unknown) => void {
  let said = false;
  return (error) => {
    if (!said) console.error(`${error instanceof Error ? error.message : String(error)}; waiting for it`);
    said = true;
  };
}
