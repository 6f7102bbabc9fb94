// A process that takes part in hand-overs, contests and rushes, as its parent says: one answer to each message.
import { setTimeout as sleep } from 'node:timers/promises';

import { peers, type PeerName } from './all-peers.ts';
import { commandsSent } from './commands.ts';
import { contend, type Contest } from './contend.ts';
import type { Party } from './peer.ts';
import { rush, type Rush } from './rush.ts';

export type Order =
  | ({ readonly do: 'open' } & Opening)
  | { readonly do: 'acquire'; readonly key: string }
  | { readonly do: 'release' }
  | ({ readonly do: 'contend' } & Contest)
  | ({ readonly do: 'rush' } & Rush)
  | { readonly do: 'close' };

interface Question {
  readonly id: number;
  /** By which the parent knows those who take part with one kind of lock. */
  readonly troop: number;
  readonly order: Order;
}

/** What comes back: the answer, or what went wrong. */
export interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** Who takes part in this process. */
export interface Opening {
  readonly peer: PeerName;
  readonly url: string;
  readonly workers: number;
  /** All with one party; else each with one of its own. */
  readonly shared: boolean;
}

/** When something was called, or was done: milliseconds of the monotonic clock that all processes of a machine share. */
export interface Moment {
  readonly at: number;
}

const troops = new Map<number, readonly Party<unknown>[]>();
let held: unknown;

async function obey(id: number, order: Order): Promise<unknown> {
  const parties = troops.get(id) ?? [];
  switch (order.do) {
    case 'open':
      troops.set(id, await open(order));
      return {};
    case 'acquire':
      held = await untilAcquired(first(parties), order.key);
      return { at: clock() } satisfies Moment;
    case 'release': {
      const at = clock();
      await first(parties).release(held);
      return { at } satisfies Moment;
    }
    case 'contend':
      return contend(parties, order, commandsSent);
    case 'rush':
      return rush(parties, order, commandsSent);
    case 'close':
      break;
  }
  await Promise.all([...new Set(parties)].map((party) => party.close()));
  troops.delete(id);
  return {};
}

async function open({ peer, url, workers, shared }: Opening): Promise<Party<unknown>[]> {
  const one = (): Promise<Party<unknown>> => peers[peer].open(url);
  if (!shared) return Promise.all(Array.from({ length: workers }, one));
  const party = await one();
  return Array.from({ length: workers }, () => party);
}

/** Locks that give up by themselves are asked again. */
async function untilAcquired(party: Party<unknown>, key: string): Promise<unknown> {
  for (;;) {
    try {
      return await party.acquire(key);
    } catch {
      await sleep(1);
    }
  }
}

function first([party]: readonly Party<unknown>[]): Party<unknown> {
  if (party === undefined) throw new Error('nothing is open');
  return party;
}

function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function answer({ id, troop, order }: Question): Promise<void> {
  const reply = await obey(troop, order).then(
    (answered): Reply => ({ id, answer: answered }),
    (error: unknown): Reply => ({ id, error: `${order.do}: ${error instanceof Error ? error.stack : String(error)}` }),
  );
  process.send?.(reply);
}

process.on('message', (question: Question) => void answer(question));
process.on('disconnect', () => process.exit(0));
