import type { AcquireRequest, Granted, LeaseUpdate, LockRecord, LockState, Predecessor } from '@lockscope/storage';

import { onTurns, onTurnsBut } from './caught-by.ts';
import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

/** What is known when the number of a new possession is chosen. */
interface Choice {
  /** The number of the possession before; 0 when there was none. */
  readonly last: number;
  readonly previous: Predecessor | undefined;
  /** Possessions of other keys since the last one of this key. */
  readonly othersSince: number;
}

/** Numbers possessions anew; whatever the storage tells of them then carries the new number. */
class Numbering {
  readonly #choose: (choice: Choice) => number;
  readonly #shown = new Map<string, number>();
  readonly #last = new Map<string, { token: number; at: number }>();
  /** What is to be added to a number, to have the storage's own, by lease. */
  readonly #offsets = new Map<string, number>();
  #possessions = 0;

  constructor(choose: (choice: Choice) => number) {
    this.#choose = choose;
  }

  granted(
    { record, previous, ...rest }: Granted,
    { tokenAbove = 0, spareTokens = 0 }: Partial<AcquireRequest>,
  ): Granted {
    const { key, leaseId } = record;
    const id = `${record.fencingToken} ${key}`;
    if (!this.#shown.has(id)) {
      this.#possessions += 1;
      const last = this.#last.get(key);
      const othersSince = last === undefined ? 0 : this.#possessions - last.at;
      const chosen = this.#choose({ last: last?.token ?? 0, previous, othersSince });
      const token = Math.max(chosen, tokenAbove + 1);
      this.#shown.set(id, token);
      this.#offsets.set(`${leaseId} ${key}`, record.fencingToken - token);
      this.#last.set(key, { token: token + spareTokens, at: this.#possessions });
    }
    const before = previous && { ...previous, fencingToken: this.#of(key, previous.fencingToken) };
    return { ...rest, record: this.show(record), previous: before };
  }

  /** The same update in the numbers of the storage. */
  passedOn(key: string, leaseId: string, update: LeaseUpdate | undefined): LeaseUpdate | undefined {
    const last = this.#last.get(key);
    if (update === undefined || last === undefined) return update;
    const { holder, fencingToken: token } = update;
    const fencingToken = token + (this.#offsets.get(`${leaseId} ${key}`) ?? 0);
    this.#shown.set(`${fencingToken} ${key}`, token);
    this.#last.set(key, { ...last, token: Math.max(last.token, token) });
    return { holder, fencingToken };
  }

  /** Forgets which token was the last of each key. */
  forget(): void {
    this.#last.clear();
  }

  show<R extends LockRecord | undefined>(record: R): R {
    return record && { ...record, fencingToken: this.#of(record.key, record.fencingToken) };
  }

  state<S extends LockState>(state: S): S {
    const sharers = state.sharers?.map((record) => this.show(record));
    return { ...state, record: this.show(state.record), ...(sharers && { sharers }) };
  }

  #of(key: string, token: number): number {
    return this.#shown.get(`${token} ${key}`) ?? token;
  }
}

function numbered(
  name: string,
  caughtBy: readonly string[],
  choose: (choice: Choice) => number,
  forgetful = false,
): StorageDouble {
  const shared = sharedBy(() => ({ numbering: new Numbering(choose), requests: new Map<string, AcquireRequest>() }));
  const wrap: StorageDouble['wrap'] = (storage, world) => {
    const { numbering, requests } = shared(world);
    return withChanges(storage, {
      async acquire(request) {
        requests.set(`${request.leaseId} ${request.key}`, request);
        const result = await storage.acquire(request);
        if (result.acquired) return numbering.granted(result, request);
        return { ...result, record: numbering.show(result.record) };
      },
      async renew(key, leaseId, leaseMs, update) {
        const result = await storage.renew(key, leaseId, leaseMs, numbering.passedOn(key, leaseId, update));
        return result.renewed ? result : { ...result, record: numbering.show(result.record) };
      },
      async release(key, leaseId) {
        const result = await storage.release(key, leaseId);
        return result.record === undefined ? result : { ...result, record: numbering.show(result.record) };
      },
      watch: (key, leaseId, tell) =>
        storage.watch?.(key, leaseId, (news) => {
          if (news.type !== 'granted') return tell(news);
          const request = requests.get(`${leaseId} ${news.result.record.key}`) ?? {};
          tell({ ...news, result: numbering.granted(news.result, request) });
        }) ?? (() => undefined),
      forceRelease: async (key) => numbering.show(await storage.forceRelease(key)),
      read: async (key) => numbering.state(await storage.read(key)),
      async *list(options) {
        for await (const state of storage.list(options)) yield numbering.state(state);
      },
      close() {
        if (forgetful) numbering.forget();
        return storage.close();
      },
    });
  };
  return { name, caughtBy, wrap };
}

const caughtByTokensAgain: readonly string[] = [
  'tokens: rise with every acquire and release, a thousand times',
  'tokens: rise when the lock was taken away by force',
  'tokens: rise when two instances take turns',
  'tokens: rise although many other keys came and went',
  'durable: locks are still held and tokens still rise after it was closed and opened',
  'hand-over: a released lock is handed to the first waiter that watches, and it is told everything',
  'hand-over: to a waiter on another instance',
  'hand-over: when the lock was taken away',
  'hand-over: several are served in the order in which they came, on two instances',
  'hand-over: tokens that a waiter asked for are kept when the lock is handed to it',
  'share: every possession has a token of its own, greater than those before',
  'share: tokens rise from those who share to the one that follows alone',
  'spare tokens: are never given to the next possession, after a release',
  'spare tokens: are never given to the next possession, after the end of the lease or a force release',
  'spare tokens: are kept once, also when the same lease asks again',
  'token above: makes the token greater than that, and all that follow',
  'token above: that is below those that were given changes nothing',
  'passing on: a token that was passed on is never given again, also one that was not kept free',
  'durable: tokens that were kept free or passed on are not given after it was closed and opened',
  'force release: a lease that lost the lock by force may have it again, as another possession',
  'connection: after it broke, the storage finds a new one by itself, and no lock was lost',
  'stall: a server that stood still goes on with the same holders and rising tokens',
  'restart: of the server loses no lock, and no token comes twice',
  'restart: an attempt that met it can be repeated, and one that was answered still holds',
  'restart: a renewal or a release that met it can be repeated',
  ...onTurnsBut('expired', 'renewed', 'forced', 'quiet', 'shared'),
];

export const tokenDoubles: readonly StorageDouble[] = [
  numbered('gives the same token again after a release', caughtByTokensAgain, ({ last, previous }) =>
    previous?.releasedAt === undefined ? last + 1 : Math.max(1, last),
  ),
  numbered('begins at 1 again after a release', caughtByTokensAgain, ({ last, previous }) =>
    previous?.releasedAt === undefined ? last + 1 : 1,
  ),
  numbered(
    'gives the same token again when a lease is taken over',
    [
      'expiry: an attempt of a lease that is over begins a new possession',
      'tokens: rise when a lease that ran out is taken over',
      'races: of 100 that want a lock whose lease ran out, one gets it',
      'hand-over: a claim that nobody takes up ends, and the next in line has the lock',
      'spare tokens: are never given to the next possession, after the end of the lease or a force release',
      'passing on: a lease that is over or was never there passes nothing on',
      ...onTurns('expired', 'own'),
    ],
    ({ last, previous }) => (previous?.expiredAt === undefined ? last + 1 : last),
  ),
  numbered(
    'begins at 1 again when a key was not used for long',
    ['tokens: rise although many other keys came and went', ...onTurns('own')],
    ({ last, othersSince }) => (othersSince > 500 ? 1 : last + 1),
  ),
  numbered(
    'begins at 1 again when it is opened again',
    [
      'durable: locks are still held and tokens still rise after it was closed and opened',
      'durable: tokens that were kept free or passed on are not given after it was closed and opened',
      ...onTurns('own'),
    ],
    ({ last }) => last + 1,
    true,
  ),
];
