import { dispatcherContract } from '@lockscope/testkit';
import { createPostgresBackend } from 'bullmq';
import { afterAll, beforeAll, test } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { startPostgres, type PostgresTestServer } from '../../../../test/support/servers/postgres.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { bullmqDispatcher } from '../src/index.ts';

let made = 0;
const name = (): string => `d${(made += 1)}`;

describeWith('redis-server', 'the dispatcher contract, in Redis', () => {
  let server: RedisTestServer;
  beforeAll(async () => {
    server = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] });
  });
  afterAll(() => server.stop());

  const contract = dispatcherContract({
    keeps: true,
    create: (demands) => {
      const { host, port } = server;
      return { dispatcher: bullmqDispatcher({ connection: { host, port }, name: name(), claimMs: 2_000, ...demands }) };
    },
  });
  for (const each of contract) test(`row 73: ${each.name}`, each.run);
});

describeWith(['postgres', 'initdb', 'pg_isready'], 'the dispatcher contract, in PostgreSQL', () => {
  let server: PostgresTestServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  const contract = dispatcherContract({
    keeps: true,
    create: (demands) => {
      const connection = { connectionString: server.url, migrate: true };
      const backend = createPostgresBackend;
      return { dispatcher: bullmqDispatcher({ connection, backend, name: name(), claimMs: 2_000, ...demands }) };
    },
  });
  for (const each of contract) test(`row 73: ${each.name}`, each.run);
});
