import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { describeWith } from '../../support/describe-with.ts';
import { sourceProgram } from '../../support/source-program.ts';
import { RedisBench, resetCommands, sentCommands } from './bench.ts';
import type { ManyKeysOptions, ManyKeysReport } from './many-keys.ts';

describeWith('redis-server', '10,000 locks held at once by one process', () => {
  let bench: RedisBench;
  beforeEach(async () => {
    bench = await RedisBench.start();
  });
  afterEach(() => bench.end());

  it('are all still held after a lease and a third, for few commands and little memory', async () => {
    const client = bench.plain();
    await resetCommands(client);
    const options: ManyKeysOptions = { url: bench.redis.url, count: 10_000, leaseMs: 9_000, holdMs: 12_000 };
    const program = await sourceProgram(new URL('many-keys.ts', import.meta.url));
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--expose-gc', '--enable-source-maps', program, JSON.stringify(options)],
      { env: { ...process.env, NODE_OPTIONS: '' }, timeout: 80_000 },
    );
    const report = JSON.parse(stdout) as ManyKeysReport;
    // Those of acquiring and releasing, and of the lock that warms up, are no renewals.
    const renewals = (await sentCommands(client)) - 2 * 10_001;
    console.log(`10,000 locks: ${JSON.stringify(report)}, ${renewals} renewal commands in a lease and a third`);
    expect(stderr).toBe('');
    expect(report.lost).toBe(0);
    expect(report.heapBytesPerLock).toBeLessThan(8_000);
    // Each is renewed every three seconds, six times at most; many go in one command.
    expect(renewals).toBeLessThan(10_000 * 6);
  }, 90_000);
});
