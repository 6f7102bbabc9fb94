import { beforeAll, describe, expect, it } from 'vitest';

import { build, program } from './support/program.ts';

beforeAll(build, 120_000);

// Each program is a process of its own on the built package, and none of them calls process.exit().
describe('a process', () => {
  it('ends by itself after close(), with code 0', async () => {
    expect(await program(new URL('./programs/releases-and-ends.mjs', import.meta.url))).toEqual({
      code: 0,
      stdout: 'LOCK_TIMEOUT\nLOCKS_CLOSED\n',
      stderr: '',
    });
  }, 60_000);

  it('is not kept alive by a lock that it holds', async () => {
    expect(await program(new URL('./programs/holds-and-ends.mjs', import.meta.url))).toEqual({
      code: 0,
      stdout: 'held\n',
      stderr: '',
    });
  }, 60_000);

  it('that only waits for a lock stays until it has waited long enough', async () => {
    expect(await program(new URL('./programs/waits.mjs', import.meta.url))).toEqual({
      code: 0,
      stdout: 'LOCK_TIMEOUT true\n',
      stderr: '',
    });
  }, 60_000);

  it('that waits for ever for a lock of its own stays until it has it, and then ends', async () => {
    expect(await program(new URL('./programs/waits-for-ever.mjs', import.meta.url))).toEqual({
      code: 0,
      stdout: 'has it\n',
      stderr: '',
    });
  }, 60_000);
});

describe('a million acquires and releases', () => {
  // Half of the keys are new ones. A leak of one pointer for each of them would be 2 MB over the half that is measured,
  // one for each cycle 4 MB; what is kept on purpose (10,000 names, 1,000 places) is full before that half begins.
  const boundBytes = 1_000_000;

  it.each(['without a listener', 'with a listener'])(
    '%s leave the heap as it was',
    async (listening) => {
      const { code, stdout, stderr } = await program(
        new URL('./programs/cycles.mjs', import.meta.url),
        [listening, '1000000'],
        240_000,
      );
      expect([code, stderr]).toEqual([0, '']);
      expect(Number(stdout)).toBeLessThan(boundBytes);
    },
    240_000,
  );
});
