// A process of a campaign: it takes locks, writes down what it believes, and does what its parent says. At the end it
// closes what it opened and has to end by itself.
import { setTimeout as sleep } from 'node:timers/promises';

import { createLocks } from '@lockscope/storage-lock';
import { systemClock } from '@lockscope/storage';

import { logTo, machineTime } from './log.ts';
import { seededRandom } from './random.ts';
import { openStorage } from './storages.ts';
import { StrikingStorage } from './striking-storage.ts';
import type { ClientOptions, FromClient, ToClient } from './client-process.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as ClientOptions;
const { endpoint, shared, own, times } = options;
const random = seededRandom(options.seed);
const write = logTo(options.log);

const realTime = Date.now;
let setAt = -Infinity;
let offsetMs = 0;
/** A wall clock that somebody sets once a second, to anywhere within an hour. */
function wrongTime(): number {
  if (performance.now() - setAt > 1_000) {
    setAt = performance.now();
    offsetMs = random.int(-3_600_000, 3_600_000);
  }
  return realTime() + offsetMs;
}
const wrong = options.wallClock === 'jumps';
if (wrong && endpoint.needsWallClock !== true) Date.now = wrongTime;

const striking = new StrikingStorage(openStorage(endpoint), (key) => shared.includes(key));
const locks = createLocks({
  storage: striking.storage,
  ...times,
  ...(wrong && { clock: { ...systemClock, now: wrongTime } }),
});

let ids = 0;
let acquired = 0;
const finishing = new AbortController();

/** One possession: asked for, held for a while, given back; what is believed is written down on the way. */
async function possess(key: string, holdMs: number): Promise<void> {
  const id = (ids += 1);
  write({ is: 'ask', id, key, waitMs: times.waitMs, at: machineTime() });
  try {
    const lock = await locks.acquire(options.apart === true ? `${key}/${process.pid}` : key);
    try {
      let at = machineTime();
      lock.assertHeld();
      write({ is: 'held', id, token: lock.fencingToken, at });
      acquired += 1;
      for (const until = at + holdMs * 1e6; at < until;) {
        await sleep(Math.min(5, Math.ceil((until - at) / 1e6)));
        at = machineTime();
        lock.assertHeld();
        write({ is: 'still', id, at });
      }
    } catch (error) {
      // Lost on the way; the release that follows says nothing more of it.
      write({ is: 'end', id, how: codeOf(error), at: machineTime() });
      await lock.release().catch(() => {});
      return;
    }
    const released = await lock.release();
    write({ is: 'end', id, how: released ? 'released' : 'lost before its release', at: machineTime() });
  } catch (error) {
    write({ is: 'end', id, how: codeOf(error), at: machineTime() });
  }
}

function codeOf(error: unknown): string {
  const { code, reason, cause, stack } = error as Error & { readonly code?: string; readonly reason?: string };
  if (code === undefined) return stack ?? String(error);
  // Why the storage could not answer: the innermost cause says it best.
  const why = code === 'LOCK_STORAGE_FAILED' ? innermost(cause).slice(0, 60) : undefined;
  return [code, reason, why].filter(Boolean).join(' ');
}

function innermost(error: unknown): string {
  const { cause, message } = Object(error) as Partial<Error>;
  return cause === undefined ? (message ?? String(error)) : innermost(cause);
}

async function worker(keys: readonly string[]): Promise<void> {
  while (!finishing.signal.aborted) {
    const long = random.int(1, 8) === 1;
    await possess(random.pick(keys), long ? random.int(2, 3) * times.renewEveryMs : random.int(0, 12));
    await sleep(random.int(1, 5));
  }
}

const tell = (message: FromClient): void => void process.send?.(message);

process.on('message', (message: ToClient) => {
  if (message.do === 'count') tell({ is: 'count', acquired });
  else if (message.do === 'block') {
    for (const until = performance.now() + message.forMs; performance.now() < until;);
  } else if (message.do === 'strike') {
    striking.arm({
      ...message,
      strike: () => {
        try {
          process.kill(message.pid ?? process.pid, 'SIGKILL');
        } catch {
          // It is gone already.
        }
        tell({ is: 'struck' });
      },
    });
  } else if (message.do === 'finish') finishing.abort();
});

// What its event loop is late, because the machine is busy or the process was stopped, no acquire can help.
let turnedAt = machineTime();
setInterval(() => {
  const at = machineTime();
  if (at - turnedAt > 100e6) write({ is: 'blocked', id: 0, from: turnedAt, at });
  turnedAt = at;
}, 20).unref();

/** Without its parent it has nothing to do. */
const orphaned = (): never => process.exit(1);
process.once('disconnect', orphaned);

const workers = [worker([own]), ...Array.from({ length: options.workers }, () => worker(shared))];
tell({ is: 'ready' });
await Promise.all(workers);
await locks.close();
await striking.storage.close();
tell({ is: 'finished' });
process.off('disconnect', orphaned);
process.disconnect();
// Whoever has to find out why it does not end is told what keeps it.
setTimeout(() => console.error(`kept by ${process.getActiveResourcesInfo().join(', ')}`), 2_000).unref();
