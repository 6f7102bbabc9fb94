import type { AcquireRequest, Granted, LeaseNews } from '@lockscope/storage';
import { readTurns, recordOf } from './acquiring.ts';
import { isToken, parsePredecessor } from './record-text.ts';
import { fromWord } from './stored-text.ts';

/**
 * What a process was told of one of its leases: `granted <lease> <name of the lock>`, then in lines of their own
 * `<token> <time> <length of the lease> <how many wait>`, who was there before, and past turns for who wants to know; or
 * `forced <lease> <name of the lock>`.
 */
export interface Message {
  readonly leaseId: string;
  /** Of the lock, as the server knows it. */
  readonly name: string;
  /** The lines behind the first one; undefined for a lock that was taken away. */
  readonly granted: string | undefined;
}

/**
 * Whose message it is; undefined for what cannot be read. Between a message and the lock in somebody's hands there is
 * nothing but this and {@link readNews}, run by a process that was asleep: they read what is asked for and no more.
 */
export function readMessage(text: string): Message | undefined {
  const lease = text.indexOf(' ') + 1;
  const name = text.indexOf(' ', lease) + 1;
  const end = text.indexOf('\n', name);
  if (name === 0 || text.slice(0, lease - 1) !== (end === -1 ? 'forced' : 'granted')) return undefined;
  const leaseId = fromWord(text.slice(lease, name - 1));
  if (end === -1) return { leaseId, name: text.slice(name), granted: undefined };
  return { leaseId, name: text.slice(name, end), granted: text.slice(end + 1) };
}

const forced: LeaseNews = Object.freeze({ type: 'forced' });

/**
 * What it says to the lease. `request`: what that asked last, where it did; only who asked knows all that stands in the
 * record. Undefined for what cannot be read.
 */
export function readNews({ granted }: Message, request: AcquireRequest | undefined): LeaseNews | undefined {
  if (granted === undefined) return forced;
  const [numbers = '', past] = granted.split('\n', 2);
  const [token = 0, now = 0, leaseMs = 0, waiting = -1] = numbers.split(' ').map(Number);
  if (!isToken(token) || !(now > 0 && leaseMs > 0 && waiting >= 0)) return undefined;
  if (request === undefined) return { type: 'ask' };
  const result: Granted = {
    acquired: true,
    record: recordOf(request, token, now, now + leaseMs),
    get previous() {
      return parsePredecessor(past);
    },
    waiting,
    storageNow: now,
  };
  if (request.turns !== true) return { type: 'granted', result };
  return { type: 'granted', result: { ...result, turns: readTurns(granted.split('\n').slice(2)) } };
}
