import { describe, expect, test } from 'vitest';
import type { SqliteStorage } from '../src/index.ts';
import { newPath, openPlain, openStorage } from './files.ts';
import { ManualClock } from './manual-clock.ts';
import { request, taken } from '../../../../test/support/requests.ts';

const waitMs = 1000;

function open(): { clock: ManualClock; path: string; storage: SqliteStorage } {
  const clock = new ManualClock();
  const path = newPath();
  return { clock, path, storage: openStorage({ path, clock }) };
}

describe('those who wait', () => {
  test('are on record, first come first, with the time since when', async () => {
    const { clock, storage } = open();
    await taken(storage, 'k', 'holder');
    const first = clock.now();
    expect(await storage.acquire(request('k', 'w1', { waitMs }))).toMatchObject({ acquired: false, ahead: 0 });
    clock.advance(5);
    expect(
      await storage.acquire(request('k', 'w2', { waitMs, holder: { ownerId: 'o', operation: 'op' } })),
    ).toMatchObject({ ahead: 1 });
    expect(await storage.acquire(request('k', 'w1', { waitMs }))).toMatchObject({ ahead: 0 });
    expect((await storage.read('k')).waiters).toEqual([
      { leaseId: 'w1', holder: { ownerId: 'owner of w1' }, since: first },
      { leaseId: 'w2', holder: { ownerId: 'o', operation: 'op' }, since: first + 5 },
    ]);
  });

  test('get the lock in the order in which they came; newcomers are told that it is kept', async () => {
    const { storage } = open();
    await taken(storage, 'k', 'holder');
    for (const id of ['w1', 'w2']) await storage.acquire(request('k', id, { waitMs }));
    await storage.release('k', 'holder');
    expect(await storage.acquire(request('k', 'new'))).toMatchObject({ acquired: false, record: undefined, ahead: 2 });
    expect(await storage.acquire(request('k', 'w2', { waitMs }))).toMatchObject({
      acquired: false,
      record: undefined,
      ahead: 1,
    });
    expect(await storage.acquire(request('k', 'w1', { waitMs }))).toMatchObject({ acquired: true });
    expect((await storage.read('k')).waiters.map(({ leaseId }) => leaseId)).toEqual(['w2']);
    await storage.release('k', 'w1');
    expect(await storage.acquire(request('k', 'w2', { waitMs }))).toMatchObject({ acquired: true });
    expect((await storage.read('k')).waiters).toEqual([]);
  });

  test('also come first when the lease of the holder runs out, and when it was released by force', async () => {
    const { clock, storage } = open();
    for (const end of [async () => clock.advance(10_000), () => storage.forceRelease('k')]) {
      await taken(storage, 'k', 'holder');
      await storage.acquire(request('k', 'w', { waitMs: 20_000 }));
      await end();
      expect(await storage.acquire(request('k', 'new', { waitMs }))).toMatchObject({
        acquired: false,
        record: undefined,
        ahead: 1,
      });
      expect(await storage.acquire(request('k', 'w', { waitMs: 20_000 }))).toMatchObject({ acquired: true });
      await storage.release('k', 'w');
      await storage.leave('k', 'new');
    }
  });

  test('are forgotten when their time is over after their last attempt, and not before', async () => {
    const { clock, storage } = open();
    await taken(storage, 'k', 'holder');
    await storage.acquire(request('k', 'w', { waitMs }));
    clock.advance(900);
    await storage.acquire(request('k', 'w', { waitMs }));
    await storage.release('k', 'holder');
    clock.advance(999);
    expect(await storage.acquire(request('k', 'new'))).toMatchObject({ acquired: false, ahead: 1 });
    clock.advance(1);
    expect((await storage.read('k')).waiters).toEqual([]);
    expect(await storage.acquire(request('k', 'new'))).toMatchObject({ acquired: true });
  });

  test('lose their place when they were forgotten', async () => {
    const { clock, storage } = open();
    await taken(storage, 'k', 'holder');
    await storage.acquire(request('k', 'slow', { waitMs }));
    await storage.acquire(request('k', 'quick', { waitMs: 5000 }));
    clock.advance(1000);
    await storage.release('k', 'holder');
    expect(await storage.acquire(request('k', 'slow', { waitMs }))).toMatchObject({ acquired: false, ahead: 1 });
    expect((await storage.read('k')).waiters.map(({ leaseId }) => leaseId)).toEqual(['quick', 'slow']);
  });

  test('leave no trace when they leave, wherever they stand', async () => {
    const { storage } = open();
    await taken(storage, 'k', 'holder');
    for (const id of ['w1', 'w2', 'w3']) await storage.acquire(request('k', id, { waitMs }));
    await storage.leave('k', 'w2');
    await storage.leave('k', 'nobody');
    expect(await storage.acquire(request('k', 'w3', { waitMs }))).toMatchObject({ ahead: 1 });
    await storage.leave('k', 'w1');
    await storage.release('k', 'holder');
    expect(await storage.acquire(request('k', 'w3', { waitMs }))).toMatchObject({ acquired: true });
  });

  test('are not put on record by a try that does not mean to wait', async () => {
    const { storage } = open();
    await taken(storage, 'k', 'holder');
    await storage.acquire(request('k', 'try'));
    expect((await storage.read('k')).waiters).toEqual([]);
  });

  test('keep their place across storages that share the file', async () => {
    const { clock, path, storage } = open();
    const other = openStorage({ path, clock });
    await taken(storage, 'k', 'holder');
    await storage.acquire(request('k', 'w1', { waitMs }));
    await other.acquire(request('k', 'w2', { waitMs }));
    await storage.release('k', 'holder');
    expect(await other.acquire(request('k', 'w2', { waitMs }))).toMatchObject({ acquired: false, ahead: 1 });
    expect(await other.acquire(request('k', 'w1', { waitMs }))).toMatchObject({ acquired: true });
    expect((await storage.read('k')).waiters.map(({ leaseId }) => leaseId)).toEqual(['w2']);
  });
});

describe('asking again', () => {
  test('takes no write lock while the answer is surely busy', async () => {
    const { clock, path } = open();
    const storage = openStorage({ path, clock, busyTimeoutMs: 0 });
    await taken(storage, 'k', 'holder', { leaseMs: 60_000 });
    await storage.acquire(request('k', 'w1', { waitMs }));
    await storage.acquire(request('k', 'w2', { waitMs }));
    const writer = openPlain(path);
    writer.exec('BEGIN IMMEDIATE');
    clock.advance(100);
    expect(await storage.acquire(request('k', 'w1', { waitMs }))).toMatchObject({ acquired: false, ahead: 0 });
    expect(await storage.acquire(request('k', 'w2', { waitMs: 900 }))).toMatchObject({ acquired: false, ahead: 1 });
    clock.advance(200);
    await expect(storage.acquire(request('k', 'w1', { waitMs }))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await storage.acquire(request('k', 'w2', { waitMs: 700 }))).toMatchObject({ acquired: false, ahead: 1 });
    writer.exec('ROLLBACK');
    await storage.acquire(request('k', 'w1', { waitMs }));
    await storage.release('k', 'holder');
    writer.exec('BEGIN IMMEDIATE');
    expect(await storage.acquire(request('k', 'w2', { waitMs: 700 }))).toMatchObject({
      acquired: false,
      record: undefined,
      ahead: 1,
    });
  });

  test('for ever keeps the place until the machine starts anew', async () => {
    const { clock, path, storage } = open();
    await taken(storage, 'k', 'holder');
    await storage.acquire(request('k', 'patient', { waitMs: Infinity }));
    clock.advance(1e9);
    expect(await storage.acquire(request('k', 'new'))).toMatchObject({ acquired: false, ahead: 1 });
    clock.reboot('boot-2', 500);
    expect(await taken(openStorage({ path, clock }), 'k', 'new')).toMatchObject({ leaseId: 'new' });
  });
});
