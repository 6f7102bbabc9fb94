// A process that dispatches and handles, writes down what it did, and may kill itself between any two steps.
import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { bullmqDispatcher } from '../src/index.ts';
import type { NodeOptions } from './node-process.ts';

const {
  port,
  name,
  log,
  events,
  from = 0,
  killAt,
  claimMs = 1_000,
  parallel = 40,
  holdMs = [0],
} = JSON.parse(process.argv[2] ?? '{}') as NodeOptions;
const write = (...words: readonly unknown[]): void => appendFileSync(log, `${words.join(' ')}\n`);

// Every step towards the server is something written to a connection: it dies before or after the one that it is told.
let writes = -Infinity;
if (killAt !== undefined) {
  const original = Reflect.get(Socket.prototype, 'write') as (...args: unknown[]) => boolean;
  Socket.prototype.write = function counted(this: Socket, ...args: unknown[]): boolean {
    writes += 1;
    if (writes === killAt.step && !killAt.after) process.kill(process.pid, 'SIGKILL');
    const more = Reflect.apply(original, this, args);
    // What was handed to the system goes out, whatever becomes of the process.
    if (writes === killAt.step && killAt.after) process.kill(process.pid, 'SIGKILL');
    return more;
  };
}

const dispatcher = bullmqDispatcher<{ orders: number }>({
  connection: { host: '127.0.0.1', port },
  name,
  claimMs,
  parallel,
  onError: (error) => write('fault', String(error).split('\n')[0]),
});
const retry = { delayMs: (): number => 20 };
for (const handler of ['a', 'b']) {
  dispatcher.register(
    'orders',
    async (n, { id, attempt, repeated }) => {
      write('begin', handler, id, process.hrtime.bigint(), repeated);
      await sleep(holdMs[n % holdMs.length]);
      write('end', handler, id, process.hrtime.bigint());
      if (handler === 'b' && n % 3 === 1 && attempt === 1) throw new Error('not at first');
      write('handled', handler, id, repeated);
    },
    { name: handler, retry },
  );
}
await dispatcher.ready();
write('ready');

async function dispatch(n: number): Promise<void> {
  const id = `${from + n}`;
  await dispatcher.dispatch('orders', from + n, { id, delayMs: n % 3 === 2 ? 30 : 0 });
  write('taken', id);
}
const all = Array.from({ length: events }, (_, n) => n);
// To get ready takes many steps in which there is nothing to lose: it counts them from its second half on.
await Promise.all(all.filter((n) => n % 2 === 0).map(dispatch));
writes = 0;
await Promise.all(all.filter((n) => n % 2 === 1).map(dispatch));
write('all');
process.on('message', () => void dispatcher.close().then(() => process.disconnect()));
