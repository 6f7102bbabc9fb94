import { expect, it } from 'vitest';

import { describeWith } from '../../../test/support/describe-with.ts';
import { runExample } from '../../../test/support/run-example.ts';
import { startNats } from '../../../test/support/servers/nats.ts';
import { startRedis } from '../../../test/support/servers/redis.ts';

describeWith(['nats-server', 'redis-server'], 'lock events of three processes', () => {
  it('come together in one view, the same over NATS and over Redis Streams', { timeout: 60_000 }, async () => {
    const [nats, redis] = await Promise.all([startNats(), startRedis()]);
    try {
      const { code, stdout, stderr } = await runExample('lock-events', [nats.url, redis.url]);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(stdout).toContain('events over NATS: 60, over Redis: 60\n');
      for (const name of ['api', 'billing', 'cron']) expect(stdout).toContain(`${name} held a lock 10 times\n`);
      expect(stdout).toMatch(/requests that had to wait: \d+\n/);
      expect(stdout).toContain('both views agree on who held what in which order: yes\n');
    } finally {
      await Promise.all([nats.stop(), redis.stop()]);
    }
  });
});
