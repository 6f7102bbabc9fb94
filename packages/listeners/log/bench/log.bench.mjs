// What a scripted cycle (request, grant, release) costs with this listener.
// Run after a build: taskset -c 1 node packages/listeners/log/bench/log.bench.mjs [rounds] [ms per case]
import { ListenerSet } from '@lockscope/core';
import { log } from '@lockscope/listener-log';
import { pino } from 'pino';

import { cpuClock, measure, print } from '../../../../test/bench/rounds.mjs';

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
const cases = Object.entries(listeners).map(([name, listener]) => {
  const set = new ListenerSet({ listeners: [listener] });
  return {
    name,
    run: (times) => {
      for (let n = 0; n < times; n += 1) cycle(set);
    },
  };
});
// In CPU time, so that other load on the machine counts less.
const rows = await measure(cases, { rounds, roundMs, clock: cpuClock() });
print(`A scripted cycle, told to a listener that writes lines: CPU time, ${rounds} rounds of ${roundMs} ms`, rows);
