import { expect, it } from 'vitest';

import { describeWith } from '../../../test/support/describe-with.ts';
import { runExample } from '../../../test/support/run-example.ts';
import { startNats } from '../../../test/support/servers/nats.ts';

describeWith('nats-server', 'orders and payments', () => {
  // Rows 98, 101 and 102, of which the name can say one.
  it(
    'row 102: a thousand orders, payments that start late and are killed, duplicates and failures end as a thousand paid and a thousand payments',
    { timeout: 120_000 },
    async () => {
      const server = await startNats();
      try {
        const { code, stdout, stderr } = await runExample('order-payment', [server.url, '1000']);
        expect(stderr).toBe('');
        expect(code).toBe(0);
        expect(stdout).toContain('1000 orders are placed, and nobody takes payments\n');
        expect(stdout).toContain('the payments are killed in the middle of their work, and start again\n');
        expect(stdout).toContain('orders: 1000, paid: 1000, payments: 1000\n');
        // Row 98: the trace goes across both services and the broker.
        expect(stdout).toContain('orders whose payment has the trace of the order: 1000\n');
        expect(stdout).toContain('events given up: 0\n');
        const count = (what: string): number => Number(new RegExp(`${what}: (\\d+)\n`).exec(stdout)?.[1]);
        expect(count('and made once')).toBeGreaterThanOrEqual(100);
        // Of the two processes that were not killed: the orders, and the second of the payments.
        expect(count('handlers that failed')).toBeGreaterThanOrEqual(100);
      } finally {
        await server.stop();
      }
    },
  );
});
