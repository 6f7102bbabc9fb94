import { fork } from 'node:child_process';
import { once } from 'node:events';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { describeWith } from '../../support/describe-with.ts';
import { sourceProgram } from '../../support/source-program.ts';
import { RedisBench } from './bench.ts';

describeWith('redis-server', 'locks that are given back to a frozen server', () => {
  let bench: RedisBench;
  beforeEach(async () => {
    bench = await RedisBench.start();
  });
  afterEach(() => bench.end());

  // In a process of its own: one whose event loop never turns again cannot even fail.
  it('are over when their leases are over, and their process goes on', async () => {
    const program = await sourceProgram(new URL('releases-late.ts', import.meta.url));
    const child = fork(program, [JSON.stringify({ url: bench.redis.url, leaseMs: 900 })], {
      execArgv: ['--enable-source-maps'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    try {
      const signal = AbortSignal.timeout(10_000);
      await once(child, 'message', { signal });
      bench.redis.freeze();
      child.send('go');
      const [over] = (await once(child, 'message', { signal })) as [{ afterItsEndMs: number }];
      expect(over).toMatchObject({ is: 'over', how: ['LOCK_RELEASE_FAILED'] });
      expect(over.afterItsEndMs).toBeLessThan(200);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
