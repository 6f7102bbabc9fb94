// What a scripted cycle (request, grant, release) costs with this listener.
// Run after a build: taskset -c 1 node packages/listeners/log/bench/log.bench.mjs [rounds] [ms per case]
import { ListenerSet } from '@lockscope/core';
import { log } from '@lockscope/listener-log';
import { pino } from 'pino';

const rounds = Number(process.argv[2] ?? 15);
const roundMs = Number(process.argv[3] ?? 300);

const init = {
  lockName: 'orders/{id}',
  lockKey: 'orders/42',
  ownerId: 'api-1:4121:9',
  operation: 'POST /orders',
  storageName: 'memory',
};
const details = {
  contended: false,
  waitMs: 1.2,
  holdMs: 3.4,
  fencingToken: 118,
  leaseMs: 30000,
  renewals: 0,
  depth: 1,
};
const acquired = { attempts: 1, waitMs: 1.2, contended: false, fencingToken: 118 };

function cycle(set) {
  const lock = set.begin('lock', init);
  const acquire = lock?.child('lock.acquire');
  const first = acquire?.child('storage.acquire');
  first?.end('ok', { details: { refused: false } });
  acquire?.end('acquired', { details: acquired });
  const release = lock?.child('lock.release');
  const second = release?.child('storage.release');
  second?.end('ok', { details: { refused: false } });
  release?.end('released', { details: { holdMs: 3.4, fencingToken: 118 } });
  lock?.end('released', { details });
}

const nowhere = { write: () => true };
const listeners = {
  'a listener that does nothing, all types': { name: 'idle', on() {} },
  'JSON lines, 5 a cycle': log({ stream: nowhere }),
  'JSON lines, level warn': log({ stream: nowhere, level: 'warn' }),
  'drawn trees': log({ stream: nowhere, format: 'pretty' }),
  'pino at level info, nothing to say': log({ logger: pino({ level: 'info' }, nowhere) }),
  'pino at level debug, 2 lines a cycle': log({ logger: pino({ level: 'debug' }, nowhere) }),
};
const cases = Object.entries(listeners).map(([name, listener]) => ({
  name,
  set: new ListenerSet({ listeners: [listener] }),
}));
const samples = cases.map(() => []);
for (let round = -2; round < rounds; round += 1) {
  const order = cases.map((_, at) => at);
  if (round % 2 !== 0) order.reverse();
  for (const at of order) {
    const { set } = cases[at];
    let count = 0;
    const from = cpu();
    let until = from;
    while (until - from < roundMs) {
      for (let n = 0; n < 200; n += 1) cycle(set);
      count += 200;
      until = cpu();
    }
    if (round >= 0) samples[at].push(((until - from) / count) * 1e6);
  }
}
/** CPU time of this process, in ms: other work on the machine does not count. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
console.log(`Node ${process.version}, ${rounds} rounds of ${roundMs} ms, ns of CPU a cycle (median)`);
cases.forEach(({ name }, at) => console.log(`${String(Math.round(median(samples[at]))).padStart(8)}  ${name}`));
