import { DispatcherClosedError, stableParse } from '@lockscope/delivery';
import { closableContract } from '@lockscope/testkit';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, test } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { bullmqDispatcher } from '../src/index.ts';
import { queueOf } from '../src/names.ts';

/** What waits stays on the server for the next process: a close does not wait until all that was accepted is delivered. */
const forThoseWhoKeepNothing = new Set([
  'ending: what was accepted before is delivered, and nothing is undelivered',
  'ending: what is put in the same turn is delivered or refused',
  'ending: it waits for a destination that is slow',
  'ending: all who close at once wait for the same end',
  'ending: leaving a scope closes it',
  'refusing: from the call of close on every put is told that it is closed',
  'deadline: a signal that aborts after the end changes nothing',
  'inside: who closes while an event is handled, and does not wait, gets to the end',
]);

describeWith('redis-server', 'row 86: the durable dispatcher keeps the contract of all that is closed', () => {
  let server: RedisTestServer;
  let made = 0;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  const create = async () => {
    const connection = { host: '127.0.0.1', port: server.port };
    const delivered: number[] = [];
    let stuck: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
    let inside: (() => unknown) | undefined;
    const subject = bullmqDispatcher({ connection, name: `c${(made += 1)}`, parallel: 1 });
    const handler = async (n: unknown): Promise<void> => {
      const act = inside;
      inside = undefined;
      await act?.();
      await stuck?.opened;
      if (typeof n === 'number') delivered.push(n);
    };
    subject.register('numbers', handler, { name: 'a' });
    await subject.ready();
    const queue = new Queue(queueOf(subject.name, 'numbers', 'a'), { connection });
    return {
      subject,
      put: (n: number) => subject.dispatch('numbers', n),
      delivered: () => delivered,
      stick: () => {
        let open!: () => void;
        const opened = new Promise<void>((resolve) => (open = resolve));
        stuck = { opened, open };
      },
      unstick: () => {
        stuck?.open();
        stuck = undefined;
      },
      isClosedError: (error: unknown) => error instanceof DispatcherClosedError,
      inside: (act: () => unknown) => void (inside = act),
      left: async () => {
        const jobs = await queue.getJobs(['waiting', 'active', 'delayed', 'prioritized'], 0, -1, true);
        return jobs.map(({ data }) => Number(stableParse((data as { readonly event: string }).event)));
      },
      dispose: () => queue.close(),
    };
  };
  for (const { name, run } of closableContract({ create }))
    if (!forThoseWhoKeepNothing.has(name)) test(`row 86: ${name}`, run, 30_000);
});
