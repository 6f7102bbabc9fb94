import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { expect, it } from 'vitest';

it('a token that was given within a process is not given again by the storage', async () => {
  const storage = new MemoryStorage();
  const here = createLocks({ storage });
  const elsewhere = createLocks({ storage });
  // The second asks while the first has no answer yet: the storage has not been told that tokens are to be kept free.
  const [first, second] = [here.acquire('a'), here.acquire('a')];
  const tokens: number[] = [];
  for (const acquired of [first, second]) {
    const lock = await acquired;
    tokens.push(lock.fencingToken);
    await lock.release();
  }
  await elsewhere.run('a', (lock) => tokens.push(lock.fencingToken));
  expect(new Set(tokens).size).toBe(3);
  await Promise.all([here.close(), elsewhere.close()]);
});
