import { ListenerSet } from '@lockscope/core';
import { describe, expect, it, vi } from 'vitest';

import { InvalidOptionsError, type FenceRejection } from '../src/index.ts';
import { makeWorld } from './support/world.ts';

describe('a fencing token that was refused', () => {
  it('is told as an event of its own, with whose it was', async () => {
    const { locks, recorder } = makeWorld();
    const orders = locks.define('orders/{id}');
    const lock = await orders.acquire({ id: 42 }, { owner: 'ann', operation: 'POST /pay' });
    lock.fenceRejected({ resource: 'orders', currentToken: 7 });
    const [told] = recorder.ends('fence.rejected');
    expect(told).toMatchObject({
      outcome: 'rejected',
      lockName: 'orders/{id}',
      lockKey: 'orders/42',
      ownerId: 'ann',
      operation: 'POST /pay',
      storageName: 'memory',
      details: { fencingToken: 1, resource: 'orders', currentToken: 7 },
    });
    expect(told?.parentId).toBeUndefined();
    expect(lock.state).toBe('held');
    expect(await lock.release()).toBe(true);
  });

  it('is told after the loss and after the release, as often as it happens, and with what is known', async () => {
    const { locks, recorder, other } = makeWorld();
    const lost = await locks.acquire('a');
    await other().forceRelease('a', { reason: 'test' });
    lost.fenceRejected();
    const released = await locks.acquire('b');
    await released.release();
    released.fenceRejected({ resource: 'invoices' });
    released.fenceRejected({ resource: 'invoices' });
    expect(recorder.ends('fence.rejected').map(({ details }) => details)).toEqual([
      { fencingToken: lost.fencingToken },
      { fencingToken: released.fencingToken, resource: 'invoices' },
      { fencingToken: released.fencingToken, resource: 'invoices' },
    ]);
  });

  it('says how the lock was held', async () => {
    const { locks, recorder } = makeWorld();
    const readers = await locks.acquire('a', { mode: 'shared' });
    const slots = await locks.acquire('b', { limit: 3 });
    readers.fenceRejected();
    slots.fenceRejected();
    expect(recorder.ends('fence.rejected').map(({ mode }) => mode)).toEqual(['shared', 'semaphore']);
    await Promise.all([readers.release(), slots.release()]);
  });

  it('costs nothing when nobody listens', async () => {
    const { locks, clock } = makeWorld({}, { silent: true });
    const lock = await locks.acquire('a');
    const begin = vi.spyOn(ListenerSet.prototype, 'begin');
    const looks = [vi.spyOn(clock, 'now'), vi.spyOn(clock, 'monotonic')];
    lock.fenceRejected({ resource: 'orders' });
    expect([begin, ...looks].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);
    begin.mockRestore();
    for (const look of looks) look.mockRestore();
    await lock.release();
  });

  it.each([
    [null, 'what was refused must be an object, got null'],
    [{ resource: '' }, 'resource must be a text of 1 to 128 characters, got ""'],
    [{ resource: 'x'.repeat(129) }, 'resource must be a text of 1 to 128 characters'],
    [{ currentToken: '7' }, 'currentToken must be a whole number of at least 0, got "7"'],
    [{ currentToken: -1 }, 'currentToken must be a whole number of at least 0, got -1'],
    [{ table: 'orders' }, 'there is no option "table"; known are resource, currentToken'],
  ])('cannot be %j, whether or not somebody listens', async (rejection, problem) => {
    for (const silent of [false, true]) {
      const { locks, recorder } = makeWorld({}, { silent });
      const lock = await locks.acquire('a');
      const tell = (): void => lock.fenceRejected(rejection as unknown as FenceRejection);
      expect(tell).toThrow(InvalidOptionsError);
      expect(tell).toThrow(problem);
      expect(recorder.ends('fence.rejected')).toEqual([]);
      await lock.release();
    }
  });
});
