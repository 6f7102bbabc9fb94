import { type Dispatcher, localDispatcher } from '@lockscope/delivery';
import { bullmqDispatcher } from '@lockscope/dispatcher-bullmq';

import type { Jobs } from './jobs.ts';
import { handle } from './handle.ts';

// node dist/main.js                 the jobs of one process
// node dist/main.js 6379 dispatch   puts them into the Redis on this port, and ends
// node dist/main.js 6379 handle     another process, maybe much later: handles them
const [port, part = 'both'] = process.argv.slice(2);

const log = (text: string): void => console.log(text);
const onDead = ({ topic, errors }: { readonly topic: string; readonly errors: readonly Error[] }): void =>
  log(`given up: ${topic}, ${errors.at(-1)?.message}`);

let told = '';
/** Says what is wrong with the Redis, once. What handlers throw comes here, too: that is a matter of their attempts. */
function onError(error: unknown, { attempt }: { readonly attempt?: number }): void {
  const text = error instanceof Error ? error.message || error.name : String(error);
  if (attempt !== undefined || text === told) return;
  told = text;
  console.error(`no Redis: ${text}; waiting for it`);
}

function open(): Dispatcher<Jobs> {
  if (port === undefined) return localDispatcher<Jobs>({ onDead });
  const connection = { host: '127.0.0.1', port: Number(port) };
  return bullmqDispatcher<Jobs>({ connection, name: 'example', onDead, onError });
}

const jobs = open();
const done = handle(jobs, log);
if (part === 'dispatch') {
  // The names of the handlers are known from now on: what is dispatched waits for them.
  await jobs.ready();
  done.leave();
}
if (part !== 'handle') {
  await jobs.ready();
  await jobs.dispatch('book.lend', { book: 'Ulysses', reader: 'Ann' });
  await jobs.dispatch('book.remind', { book: 'Ulysses', dueAt: new Date('2026-12-24') }, { delayMs: 300 });
  await jobs.dispatch('book.report', { books: 9_007_199_254_740_993n });
  await jobs.dispatch('book.burn', 'Ulysses');
  log('dispatched: lend now, remind in 300 ms, report, burn');
}
// What a Redis keeps is there for the next process; what this one keeps has to be finished by it.
if (port !== undefined && part !== 'dispatch') await done.all;
await jobs.close({ drain: 'all' });
