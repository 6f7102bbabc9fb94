import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { liftVersioned, type AcquireRequest, type AcquireResult, type LockStorage } from '../src/index.ts';
import { MapVersionedStore, type Medium } from './map-versioned-store.ts';

interface World {
  readonly medium: Medium;
  readonly store: MapVersionedStore;
  readonly storage: LockStorage;
  now: number;
}

function world(): World {
  const medium: Medium = new Map();
  const store = new MapVersionedStore(medium, () => made.now);
  const made: World = { medium, store, storage: liftVersioned(store), now: 1_700_000_000_000 };
  return made;
}

function request(leaseId: string, more: Partial<AcquireRequest> = {}): AcquireRequest {
  return { key: 'k', leaseId, leaseMs: 1000, holder: { ownerId: `owner of ${leaseId}` }, ...more };
}

async function tokenOf(answer: Promise<AcquireResult>): Promise<number> {
  const result = await answer;
  if (!result.acquired) throw new Error(`not acquired: ${JSON.stringify(result)}`);
  return result.record.fencingToken;
}

/** The store, except for one method. */
function instead<M extends 'createWithVersion' | 'updateWithVersion' | 'get' | 'getTime' | 'close'>(
  store: MapVersionedStore,
  method: M,
  replacement: (proceed: MapVersionedStore[M]) => MapVersionedStore[M],
): MapVersionedStore {
  const proceed = store[method].bind(store) as MapVersionedStore[M];
  return Object.assign(store, { [method]: replacement(proceed) });
}

describe('the token of a lifted store', () => {
  test('stays the same through renewals and lost replies, and rises with each possession', async () => {
    const { storage, medium } = world();
    expect(await tokenOf(storage.acquire(request('a')))).toBe(1);
    for (let n = 0; n < 5; n += 1) expect(await storage.renew('k', 'a', 1000)).toMatchObject({ renewed: true });
    expect(await tokenOf(storage.acquire(request('a')))).toBe(1);
    expect(medium.get('k')?.version).toBe(7);
    await storage.release('k', 'a');
    expect(await tokenOf(storage.acquire(request('b')))).toBe(2);
    await storage.forceRelease('k');
    expect(await tokenOf(storage.acquire(request('c')))).toBe(3);
  });

  test('rises although nothing but the medium remembers', async () => {
    const { medium, storage, now } = world();
    await storage.acquire(request('a'));
    await storage.release('k', 'a');
    await storage.close();
    const reopened = liftVersioned(new MapVersionedStore(medium, () => now));
    expect(await tokenOf(reopened.acquire(request('b')))).toBe(2);
  });
});

test('who asks again because a reply got lost is told of the same predecessor', async () => {
  const { storage } = world();
  await storage.acquire(request('a'));
  await storage.release('k', 'a');
  const first = await storage.acquire(request('b'));
  expect(first).toMatchObject({ acquired: true, previous: { fencingToken: 1, holder: { ownerId: 'owner of a' } } });
  expect(await storage.acquire(request('b'))).toEqual(first);
});

describe('a conflict', () => {
  test('is tried again at once with what is there now', async () => {
    const { medium, store, storage } = world();
    await storage.acquire(request('a'));
    instead(store, 'updateWithVersion', (proceed) => async (key, expected, next, text) => {
      const { version, text: before } = medium.get(key) ?? { version: 0, text: '' };
      if (version < 4) medium.set(key, { version: version + 1, text: before });
      return proceed(key, expected, next, text);
    });
    expect(await storage.renew('k', 'a', 5000)).toMatchObject({ renewed: true });
    expect(medium.get('k')?.version).toBe(5);
  });

  test('over and over is an error in the end, never a busy lock and never a lie', async () => {
    const { medium, store, storage } = world();
    await storage.acquire(request('a'));
    let writes = 0;
    instead(store, 'updateWithVersion', () => async () => {
      writes += 1;
      return false;
    });
    const patient = liftVersioned(store, { conflictRetries: 3 });
    const before = medium.get('k');
    await expect(patient.release('k', 'a')).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      operation: 'release',
      message: expect.stringContaining('others changed the record of "k" 4 times in a row'),
    });
    expect(writes).toBe(4);
    expect(medium.get('k')).toEqual(before);
  });

  test('over a first record lets one have it and tells the other who', async () => {
    const { medium, storage, now } = world();
    const other = liftVersioned(new MapVersionedStore(medium, () => now));
    const [one, two] = await Promise.all([storage.acquire(request('a')), other.acquire(request('b'))]);
    expect(one.acquired).not.toBe(two.acquired);
    expect((one.acquired ? two : one).record).toEqual((one.acquired ? one : two).record);
  });

  test('between 100 contenders loses no count', async () => {
    const { medium, storage, now } = world();
    const other = liftVersioned(new MapVersionedStore(medium, () => now));
    let count = 0;
    const contend = async (n: number): Promise<void> => {
      const mine = n % 2 === 0 ? storage : other;
      while (!(await mine.acquire(request(`l${n}`))).acquired) await turn();
      const seen = count;
      await turn();
      count = seen + 1;
      await mine.release('k', `l${n}`);
    };
    await Promise.all(Array.from({ length: 100 }, (_, n) => contend(n)));
    expect(count).toBe(100);
    expect(await tokenOf(storage.acquire(request('last')))).toBe(101);
  });
});

describe('a store that fails', () => {
  test('is an outage, whatever the text of its error says', async () => {
    const { store, storage } = world();
    await storage.acquire(request('a'));
    const cause = new Error('version miss: lock already exists');
    instead(store, 'updateWithVersion', () => () => Promise.reject(cause));
    await expect(storage.renew('k', 'a', 1000)).rejects.toMatchObject({
      name: 'StorageError',
      code: 'STORAGE_FAILED',
      storage: 'map',
      operation: 'renew',
      cause,
    });
    await expect(storage.release('k', 'a')).rejects.toMatchObject({ operation: 'release', cause });
  });

  test('by throwing at once rejects all the same', async () => {
    const { store, storage } = world();
    instead(store, 'get', () => () => {
      throw new TypeError('no connection');
    });
    let promise: Promise<unknown> | undefined;
    expect(() => (promise = storage.read('k'))).not.toThrow();
    await expect(promise).rejects.toMatchObject({ code: 'STORAGE_FAILED', cause: { message: 'no connection' } });
  });

  test('after it wrote costs nothing: the same lease asks again and has it', async () => {
    const { store, storage } = world();
    let fail = true;
    instead(store, 'createWithVersion', (proceed) => async (...record) => {
      await proceed(...record);
      if (fail) throw new Error('connection reset');
      return true;
    });
    await expect(storage.acquire(request('a'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    fail = false;
    expect(await tokenOf(storage.acquire(request('a')))).toBe(1);
  });

  test('to heed the prefix of a list shows nothing else all the same', async () => {
    const { store, storage } = world();
    for (const key of ['a/1', 'b/1', 'a/2']) await storage.acquire(request('l', { key }));
    const all = store.list.bind(store);
    Object.assign(store, { list: () => all('') });
    const keys: string[] = [];
    for await (const { record } of storage.list({ prefix: 'a/' })) keys.push(record.key);
    expect(keys).toEqual(['a/1', 'a/2']);
  });

  test('to tell the time frees nobody', async () => {
    const { store, storage } = world();
    await storage.acquire(request('a'));
    instead(store, 'getTime', () => async () => Number.NaN);
    await expect(storage.acquire(request('b'))).rejects.toThrow('the time of the store is not a number');
  });

  test('to close says so', async () => {
    const { store, storage } = world();
    instead(store, 'close', () => () => Promise.reject(new Error('still busy')));
    await expect(storage.close()).rejects.toMatchObject({ code: 'STORAGE_FAILED', operation: 'close' });
  });
});

describe('a text that is not one of Lockscope', () => {
  const good = {
    lockscope: 1,
    fencingToken: 1,
    leaseId: 'a',
    holder: { ownerId: 'o' },
    acquiredAt: 1,
    expiresAt: 9e12,
  };
  const texts: Readonly<Record<string, string>> = {
    'is not JSON': 'hello',
    'is cut off': JSON.stringify(good).slice(0, 60),
    'is a number': '7',
    'is null': 'null',
    'is of another format': JSON.stringify({ ...good, lockscope: 2 }),
    'is of another program': JSON.stringify({ owner: 'them', until: 12 }),
    'has no holder': JSON.stringify({ ...good, holder: { host: 'h' } }),
    'has a token of a wrong kind': JSON.stringify({ ...good, fencingToken: '1' }),
    'has a token that is no whole number': JSON.stringify({ ...good, fencingToken: 1.5 }),
    'has the last of all tokens': JSON.stringify({ ...good, fencingToken: Number.MAX_SAFE_INTEGER }),
    'has a lease id of a wrong kind': JSON.stringify({ ...good, leaseId: 7 }),
    'has no end': JSON.stringify({ ...good, expiresAt: null }),
    'was released at no time': JSON.stringify({ ...good, releasedAt: 'yesterday' }),
  };

  for (const [what, text] of Object.entries(texts)) {
    test(`because it ${what} is told by name, frees nobody's lock and is left as it is`, async () => {
      const { medium, storage } = world();
      medium.set('k', { version: 3, text });
      const foreign = { code: 'FOREIGN_RECORD', key: 'k', storage: 'map' };
      await expect(storage.acquire(request('b'))).rejects.toMatchObject(foreign);
      await expect(storage.renew('k', 'a', 1000)).rejects.toMatchObject(foreign);
      await expect(storage.release('k', 'a')).rejects.toMatchObject(foreign);
      await expect(storage.forceRelease('k')).rejects.toMatchObject(foreign);
      await expect(storage.read('k')).rejects.toMatchObject(foreign);
      expect(medium.get('k')).toEqual({ version: 3, text });
    });
  }

  test('is not listed, and neither is it in the way of others', async () => {
    const { medium, storage } = world();
    medium.set('a', { version: 1, text: 'hello' });
    await storage.acquire(request('l', { key: 'b' }));
    const keys: string[] = [];
    for await (const { record } of storage.list()) keys.push(record.key);
    expect(keys).toEqual(['b']);
  });

  test('may also be a version that is none', async () => {
    const { medium, storage } = world();
    medium.set('k', { version: 0, text: JSON.stringify(good) });
    await expect(storage.read('k')).rejects.toMatchObject({
      code: 'FOREIGN_RECORD',
      message: expect.stringContaining('its version'),
    });
  });
});

test('a predecessor that cannot be read is not told', async () => {
  const { medium, storage } = world();
  await storage.acquire(request('a'));
  await storage.release('k', 'a');
  await storage.acquire(request('b'));
  const { version, text } = medium.get('k') as { version: number; text: string };
  medium.set('k', { version, text: text.replace('"releasedAt"', '"ended"') });
  expect(await storage.acquire(request('b'))).toMatchObject({ acquired: true, previous: undefined });
});

test('options are checked', () => {
  const { store } = world();
  expect(() => liftVersioned(store, { conflictRetries: -1 })).toThrow(
    'conflictRetries must be a whole number of at least 0, got -1',
  );
  expect(() => liftVersioned(store, { conflictRetries: 1.5 })).toThrow(RangeError);
});
