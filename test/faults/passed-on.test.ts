import { setTimeout as sleep } from 'node:timers/promises';

import { type AcquireResult, MemoryStorage, StorageError } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { expect, it } from 'vitest';

it('a lock that was passed on within a process is not given back by a question of its former holder that failed', async () => {
  const memory = new MemoryStorage();
  let asked = 0;
  let fail = (): void => {};
  // The second question puts the waiter on record; its answer is lost, which is found out late.
  const storage = new Proxy(memory, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'acquire') return value.bind(target) as unknown;
      return async (request: Parameters<typeof memory.acquire>[0]): Promise<AcquireResult> => {
        asked += 1;
        const lost = asked === 2;
        const answer = await memory.acquire(request);
        if (!lost) return answer;
        await new Promise<void>((resolve) => (fail = resolve));
        throw new StorageError('memory', 'acquire', 'the connection broke');
      };
    },
  });
  const here = createLocks({ storage });
  const elsewhere = createLocks({ storage: memory });
  const before = await elsewhere.acquire('a');
  const [first, second] = [here.acquire('a'), here.acquire('a')];
  await sleep(20);
  await before.release();
  await (await first).release();
  const lock = await second;
  expect(asked).toBe(2);
  fail();
  await sleep(50);
  lock.assertHeld();
  expect(await elsewhere.tryAcquire('a')).toBeUndefined();
  expect(await lock.release()).toBe(true);
  await Promise.all([here.close(), elsewhere.close()]);
});
