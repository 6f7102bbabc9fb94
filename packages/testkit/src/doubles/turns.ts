import {
  mostTurns,
  type AcquireResult,
  type Granted,
  type LockRecord,
  type LockStorage,
  type PastTurn,
} from '@lockscope/storage';

import { onTurns, onTurnsBut } from './caught-by.ts';
import { sharedBy, withChanges, without, type StorageDouble, type StorageWorld } from './storage-double.ts';

type Turns = readonly PastTurn[];

const none = (): void => undefined;
const pasts = sharedBy(() => new Map<string, Turns>());
const entries = sharedBy(() => new Map<string, number>());
const tokens = sharedBy(() => new Set<string>());
const times = sharedBy(() => new Map<number, number>());

/** What is told of who had the lock goes through `change`, in answers and in news. */
function retelling(storage: LockStorage, change: (turns: Turns, leaseId: string, key: string) => Turns): LockStorage {
  const changed = <R extends AcquireResult>(result: R, leaseId: string, key: string): R =>
    result.turns === undefined ? result : { ...result, turns: change(result.turns, leaseId, key) };
  return withChanges(storage, {
    async acquire(request) {
      return changed(await storage.acquire(request), request.leaseId, request.key);
    },
    watch: (key, leaseId, tell) =>
      storage.watch?.(key, leaseId, (news) =>
        tell(news.type === 'granted' ? { ...news, result: changed<Granted>(news.result, leaseId, key) } : news),
      ) ?? none,
  });
}

/** Calls `note` with every possession that is about to be released or taken away. */
function ending(
  storage: LockStorage,
  watched: LockStorage,
  note: (record: LockRecord, now: number, forced: boolean) => void,
): LockStorage {
  const all = async (key: string, forced: boolean, leaseId?: string): Promise<void> => {
    const { record, sharers = [], storageNow } = await storage.read(key);
    for (const one of [record, ...sharers]) {
      if (one !== undefined && (leaseId ?? one.leaseId) === one.leaseId) note(one, storageNow, forced);
    }
  };
  return withChanges(watched, {
    async release(key, leaseId) {
      await all(key, false, leaseId);
      return watched.release(key, leaseId);
    },
    async forceRelease(key) {
      await all(key, true);
      return watched.forceRelease(key);
    },
  });
}

/** Keeps a past of its own, beside what is told: `choose` says what of both, oldest first, is told. */
function remembering(
  storage: LockStorage,
  world: StorageWorld,
  choose: (all: Turns, since: number) => Turns,
): LockStorage {
  const past = pasts(world);
  const since = entries(world);
  const learn = (key: string, told: Turns): Turns => {
    const byToken = new Map([...(past.get(key) ?? []), ...told].map((turn) => [turn.fencingToken, turn]));
    const all = [...byToken.values()].toSorted((a, b) => a.endedAt - b.endedAt || a.fencingToken - b.fencingToken);
    past.set(key, all);
    return all;
  };
  const telling = retelling(storage, (told, leaseId, key) => choose(learn(key, told), since.get(leaseId) ?? 0));
  const entering = withChanges(telling, {
    async acquire(request) {
      const { storageNow } = await storage.read(request.key).catch(() => ({ storageNow: 0 }));
      if (!since.has(request.leaseId)) since.set(request.leaseId, storageNow - (request.waitedMs ?? 0));
      return telling.acquire(request);
    },
  });
  return ending(storage, entering, ({ key, holder, fencingToken, acquiredAt }, endedAt) => {
    learn(key, [{ holder, fencingToken, acquiredAt, endedAt }]);
  });
}

export const turnDoubles: readonly StorageDouble[] = [
  {
    name: 'tells nobody who had the lock',
    caughtBy: onTurnsBut('quiet'),
    wrap: (storage) => retelling(storage, () => []),
  },
  {
    name: 'tells last who had the lock first',
    caughtBy: onTurnsBut('renewed', 'forced', 'kept', 'quiet', 'forgotten', 'own'),
    wrap: (storage) => retelling(storage, (turns) => turns.toReversed()),
  },
  {
    name: 'tells only who had the lock right before',
    caughtBy: onTurnsBut('renewed', 'forced', 'kept', 'quiet', 'forgotten', 'own'),
    wrap: (storage) => retelling(storage, (turns) => turns.slice(-1)),
  },
  {
    name: 'tells of who had the lock no more than who it was',
    caughtBy: onTurns('told'),
    wrap: (storage) =>
      retelling(storage, (turns) =>
        turns.map(({ holder: { ownerId }, ...turn }) => ({ ...turn, holder: { ownerId } })),
      ),
  },
  {
    name: 'tells each who had the lock once',
    caughtBy: onTurns('told', 'again', 'before', 'most', 'shared'),
    wrap: (storage, world) => {
      const told = tokens(world);
      return retelling(storage, (turns, leaseId) => {
        const fresh = turns.filter(({ fencingToken }) => !told.has(`${leaseId} ${fencingToken}`));
        for (const { fencingToken } of fresh) told.add(`${leaseId} ${fencingToken}`);
        return fresh;
      });
    },
  },
  {
    name: 'tells those only who released the lock on the same instance',
    caughtBy: onTurns('told', 'again', 'expired', 'forced', 'handed'),
    wrap: (storage) => {
      const mine = new Set<number>();
      const telling = retelling(storage, (turns) => turns.filter(({ fencingToken }) => mine.has(fencingToken)));
      return ending(storage, telling, ({ fencingToken }) => void mine.add(fencingToken));
    },
  },
  {
    name: 'does not count a lease that ran out among those who had the lock',
    caughtBy: onTurns('expired'),
    wrap: (storage, world) => {
      const ended = tokens(world);
      const telling = retelling(storage, (turns, _, key) =>
        turns.filter(({ fencingToken }) => ended.has(`${key} ${fencingToken}`)),
      );
      return ending(storage, telling, ({ key, fencingToken }) => void ended.add(`${key} ${fencingToken}`));
    },
  },
  {
    name: 'does not count from whom a lock was taken away among those who had it',
    caughtBy: onTurns('forced'),
    wrap: (storage, world) => {
      const lost = tokens(world);
      const telling = retelling(storage, (turns, _, key) =>
        turns.filter(({ fencingToken }) => !lost.has(`${key} ${fencingToken}`)),
      );
      return ending(storage, telling, ({ key, fencingToken }, _, forced) => {
        if (forced) lost.add(`${key} ${fencingToken}`);
      });
    },
  },
  {
    name: 'says of who had the lock that it had it for its whole lease',
    caughtBy: onTurnsBut('expired', 'quiet'),
    wrap: (storage, world) => {
      const ends = times(world);
      const telling = retelling(storage, (turns) =>
        turns.map((turn) => ({ ...turn, endedAt: ends.get(turn.fencingToken) ?? turn.endedAt })),
      );
      return withChanges(telling, {
        async acquire(request) {
          const result = await telling.acquire(request);
          if (result.acquired) ends.set(result.record.fencingToken, result.record.expiresAt);
          return result;
        },
      });
    },
  },
  {
    name: 'says of who had the lock that it had it since it renewed',
    caughtBy: onTurns('renewed'),
    wrap: (storage, world) => {
      const renewals = times(world);
      const telling = retelling(storage, (turns) =>
        turns.map((turn) => ({ ...turn, acquiredAt: renewals.get(turn.fencingToken) ?? turn.acquiredAt })),
      );
      return withChanges(telling, {
        async renew(key, leaseId, leaseMs, update) {
          const result = await storage.renew(key, leaseId, leaseMs, update);
          const { record } = await storage.read(key);
          if (result.renewed && record !== undefined) renewals.set(record.fencingToken, result.storageNow);
          return result;
        },
      });
    },
  },
  {
    name: 'tells also who had the lock before the waiter came',
    caughtBy: onTurns('before', 'kept'),
    wrap: (storage, world) =>
      withChanges(storage, {
        acquire(request) {
          return storage.acquire(request.turns === true ? { ...request, waitedMs: world.clock.now() } : request);
        },
      }),
  },
  {
    name: 'never forgets who had the lock',
    caughtBy: onTurns('forgotten'),
    wrap: (storage, world) =>
      remembering(storage, world, (all, since) => all.filter(({ endedAt }) => endedAt >= since).slice(-mostTurns)),
  },
  {
    name: 'tells of any number who had the lock',
    caughtBy: onTurns('most', 'forgotten'),
    wrap: (storage, world) =>
      remembering(storage, world, (all, since) => all.filter(({ endedAt }) => endedAt >= since)),
  },
  {
    name: `tells the first ${mostTurns} who had the lock`,
    caughtBy: onTurns('most', 'forgotten'),
    wrap: (storage, world) =>
      remembering(storage, world, (all, since) => all.filter(({ endedAt }) => endedAt >= since).slice(0, mostTurns)),
  },
  {
    name: 'tells also those who did not ask who had the lock',
    caughtBy: onTurns('quiet', 'handed'),
    wrap: (storage) => withChanges(storage, { acquire: (request) => storage.acquire({ ...request, turns: true }) }),
  },
  {
    name: 'does not say who had the lock when it hands it over',
    caughtBy: onTurns('handed'),
    wrap: (storage) =>
      withChanges(storage, {
        watch: (key, leaseId, tell) =>
          storage.watch?.(key, leaseId, (news) =>
            tell(news.type === 'granted' ? { ...news, result: without(news.result, 'turns') } : news),
          ) ?? none,
      }),
  },
  {
    name: 'takes who had one lock for who had another',
    caughtBy: onTurns('before', 'kept', 'most', 'forgotten', 'own'),
    wrap: (storage, world) => {
      const past = pasts(world);
      return retelling(storage, (told) => {
        const byToken = new Map([...(past.get('') ?? []), ...told].map((turn) => [turn.fencingToken, turn]));
        past.set('', [...byToken.values()]);
        return told.length === 0 ? told : [...byToken.values()];
      });
    },
  },
];
