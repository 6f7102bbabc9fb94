import { expect, it } from 'vitest';

import { repeat } from '../src/job.ts';

const gone = Object.assign(new Error('no such file'), { code: 'LOCK_STORAGE_FAILED' });

it('leaves others their turn when the storage fails at once, every time', async () => {
  const stopping = new AbortController();
  setTimeout(() => stopping.abort(), 20);
  let times = 0;
  await repeat(stopping.signal, 1, () => {
    times += 1;
    // Without a pause the timer above would never get its turn.
    if (times === 1000) stopping.abort();
    return Promise.reject(gone);
  });
  expect(times).toBe(1);
});

it('goes on after what locks may do, and ends with anything else', async () => {
  const stopping = new AbortController();
  const fates = [gone, undefined, new TypeError('a mistake in the job')];
  let times = 0;
  const work = repeat(stopping.signal, 1, () => {
    const fate = fates[times];
    times += 1;
    return fate === undefined ? Promise.resolve() : Promise.reject(fate);
  });
  await expect(work).rejects.toThrow('a mistake in the job');
  expect(times).toBe(3);
});

it('takes a failure for the end when it was told to stop', async () => {
  const stopping = new AbortController();
  await repeat(stopping.signal, 2, () => {
    stopping.abort();
    return Promise.reject(new Error('the locks are closed'));
  });
});
