import { MemoryStorage, monotoneClock, type LockStorage } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { FakeClock, faultyStorage, type FaultyStorage } from '../src/index.ts';

const request = (leaseId: string, waitMs?: number) => ({
  key: 'a',
  leaseId,
  leaseMs: 1_000,
  holder: { ownerId: leaseId },
  ...(waitMs !== undefined && { waitMs }),
});

function setUp(): { clock: FakeClock; memory: MemoryStorage; faulty: FaultyStorage } {
  const clock = new FakeClock();
  const memory = new MemoryStorage({ clock: monotoneClock(clock) });
  return { clock, memory, faulty: faultyStorage(memory, { clock }) };
}

/** Whether a promise has settled after all that could happen without a timer has happened. */
async function hasSettled(clock: FakeClock, promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => void (settled = true);
  promise.then(note, note);
  await clock.advance(0);
  return settled;
}

describe('faultyStorage', () => {
  it('lets calls hang before they reach the storage, and lets them go in their order', async () => {
    const { clock, memory, faulty } = setUp();
    faulty.freeze();
    const first = faulty.acquire(request('first'));
    const second = faulty.acquire(request('second'));
    expect(await hasSettled(clock, Promise.race([first, second]))).toBe(false);
    expect((await memory.read('a')).record).toBeUndefined();
    expect(faulty.inFlight).toBe(2);
    faulty.thaw();
    expect(await Promise.all([first, second])).toMatchObject([{ acquired: true }, { acquired: false }]);
    expect(faulty.inFlight).toBe(0);
  });

  it('keeps news while it is frozen, and tells only those who still watch', async () => {
    const { clock, memory, faulty } = setUp();
    const told: string[] = [];
    faulty.watch?.('a', 'waiter', ({ type }) => told.push(`stays: ${type}`));
    const stop = faulty.watch?.('a', 'waiter', ({ type }) => told.push(`leaves: ${type}`));
    await memory.acquire(request('holder'));
    await memory.acquire(request('waiter', 1_000));
    faulty.freeze();
    await memory.release('a', 'holder');
    await clock.advance(0);
    expect(told).toEqual([]);
    stop?.();
    faulty.thaw();
    await clock.advance(0);
    expect(told).toEqual(['stays: granted']);
  });

  it('loses as many news as it was told to, and then tells again', async () => {
    const { clock, memory, faulty } = setUp();
    const told: string[] = [];
    faulty.watch?.('a', 'waiter', ({ type }) => told.push(type));
    const handOver = async (): Promise<void> => {
      await memory.acquire(request('holder'));
      await memory.acquire(request('waiter', 1_000));
      await memory.release('a', 'holder');
      await clock.advance(0);
      expect((await memory.read('a')).record?.leaseId).toBe('waiter');
      await memory.release('a', 'waiter');
    };
    faulty.loseNews();
    await handOver();
    expect(told).toEqual([]);
    await handOver();
    expect(told).toEqual(['granted']);
    faulty.loseNews(Infinity);
    await handOver();
    await handOver();
    faulty.loseNews(0);
    await handOver();
    expect(told).toEqual(['granted', 'granted']);
  });

  it('disturbs renewals in bulk under a name of their own', async () => {
    const { clock, memory } = setUp();
    const renewMany: LockStorage['renewMany'] = (requests) =>
      Promise.all(requests.map(({ key, leaseId, leaseMs }) => memory.renew(key, leaseId, leaseMs)));
    const faulty = faultyStorage(Object.assign(memory, { renewMany }), { clock });
    const renewals = [{ key: 'a', leaseId: 'holder', leaseMs: 60_000 }];
    await faulty.acquire(request('holder'));

    faulty.failNext('renewMany');
    await expect(faulty.renewMany?.(renewals)).rejects.toMatchObject({ operation: 'renewMany' });
    expect((await memory.read('a')).record?.expiresAt).toBe(clock.now() + 1_000);

    faulty.loseReply('renewMany');
    await expect(faulty.renewMany?.(renewals)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect((await memory.read('a')).record?.expiresAt).toBe(clock.now() + 60_000);

    faulty.freeze();
    const hanging = faulty.renewMany?.(renewals) ?? Promise.resolve();
    expect(await hasSettled(clock, hanging)).toBe(false);
    faulty.thaw();
    await expect(hanging).resolves.toMatchObject([{ renewed: true }]);
    expect([faulty.calls('renewMany'), faulty.calls('renew')]).toEqual([3, 0]);
  });

  it('delays every call by its own clock until told otherwise', async () => {
    const { clock, faulty } = setUp();
    faulty.delay(100);
    const slow = faulty.acquire(request('slow'));
    await clock.advance(99);
    expect(await hasSettled(clock, slow)).toBe(false);
    await clock.advance(1);
    await expect(slow).resolves.toMatchObject({ acquired: true });
    faulty.delay(0);
    await expect(faulty.read('a')).resolves.toMatchObject({ record: { leaseId: 'slow' } });
  });

  it('fails the next call of a kind, and does not do it', async () => {
    const { faulty } = setUp();
    faulty.failNext('acquire');
    faulty.failNext('acquire', new Error('ECONNRESET'));
    await expect(faulty.acquire(request('one'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      operation: 'acquire',
    });
    await expect(faulty.acquire(request('one'))).rejects.toThrow('ECONNRESET');
    await expect(faulty.read('a')).resolves.toMatchObject({ record: undefined });
    await expect(faulty.acquire(request('one'))).resolves.toMatchObject({ acquired: true });
    expect([faulty.calls('acquire'), faulty.calls()]).toEqual([3, 4]);
  });

  it('loses the reply of a call that was done', async () => {
    const { faulty } = setUp();
    faulty.loseReply('acquire');
    await expect(faulty.acquire(request('one'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(faulty.read('a')).resolves.toMatchObject({ record: { leaseId: 'one' } });
  });

  it('steals a lock from its holder', async () => {
    const { faulty } = setUp();
    await faulty.acquire(request('victim'));
    const stolen = await faulty.steal('a', { leaseMs: 5_000 });
    expect(stolen.holder).toEqual({ ownerId: 'thief' });
    await expect(faulty.renew('a', 'victim', 1_000)).resolves.toMatchObject({ renewed: false, record: stolen });
  });

  it('says so when a lock cannot be stolen because it is kept for a waiter', async () => {
    const { faulty } = setUp();
    await faulty.acquire(request('victim'));
    await faulty.acquire(request('waiter', 1_000));
    await expect(faulty.steal('a')).rejects.toThrow(/kept for a waiter/);
  });

  it('forgets a record under its holder', async () => {
    const { faulty } = setUp();
    await faulty.acquire(request('victim'));
    await faulty.forget('a');
    await expect(faulty.renew('a', 'victim', 1_000)).resolves.toMatchObject({ renewed: false, record: undefined });
  });

  it('has exactly the optional methods of the storage in it', () => {
    const { memory, faulty } = setUp();
    const none = { leave: undefined, watch: undefined, renewMany: undefined, examine: undefined };
    const all = { renewMany: () => Promise.resolve([]), examine: () => Promise.resolve([]) };
    const methods = ({ leave, watch, renewMany, examine }: FaultyStorage) =>
      [leave, watch, renewMany, examine].map((method) => typeof method);
    const [plain, full] = [none, all].map((more) => faultyStorage(Object.assign(Object.create(memory), more)));
    expect(plain && methods(plain)).toEqual(['undefined', 'undefined', 'undefined', 'undefined']);
    expect(full && methods(full)).toEqual(['function', 'function', 'function', 'function']);
    expect(typeof faulty.leave).toBe('function');
  });

  it('closes although it is frozen', async () => {
    const { faulty } = setUp();
    faulty.freeze();
    await expect(faulty.close()).resolves.toBeUndefined();
  });
});
