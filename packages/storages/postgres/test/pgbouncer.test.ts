import { expect, test } from 'vitest';
import type { LeaseNews } from '@lockscope/storage';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startPgbouncer } from '../../../../test/support/servers/pgbouncer.ts';
import type { PostgresStorage } from '../src/index.ts';
import { later, newSchema, openStorage, theServer } from './schemas.ts';
import { collect, request, taken } from '../../../../test/support/requests.ts';

async function pooler(mode: 'session' | 'transaction'): Promise<string> {
  const { port } = await theServer();
  const bouncer = await startPgbouncer({ target: port, mode, poolSize: 3 });
  later(() => bouncer.stop());
  return bouncer.url;
}

async function waits(storage: PostgresStorage): Promise<LeaseNews[]> {
  const heard: LeaseNews[] = [];
  storage.watch?.('k', 'w', (news) => heard.push(news));
  expect(await storage.acquire(request('k', 'w', { waitMs: 60_000, claimMs: 5000 }))).toMatchObject({
    acquired: false,
  });
  return heard;
}

describeWith(['postgres', 'initdb', 'pgbouncer'], 'behind a pooler that gives connections away', () => {
  test('locks hold, through more storages than there are connections', async () => {
    const connection = await pooler('transaction');
    const schema = newSchema();
    const storages = await Promise.all(Array.from({ length: 8 }, () => openStorage({ connection, schema })));
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(storages.map((storage, n) => storage.acquire(request('k', `${round}:${n}`))));
      const winner = answers.findIndex(({ acquired }) => acquired);
      expect(answers.filter(({ acquired }) => acquired)).toHaveLength(1);
      expect(await storages[(winner + 1) % 8]?.release('k', `${round}:${winner}`)).toEqual({ released: true });
    }
    await Promise.all(storages.map((storage, n) => taken(storage, `own/${n}`, `l${n}`)));
    for (const storage of storages) expect(await collect(storage.list())).toHaveLength(8);
  });

  test('who waits hears nothing: it is found out, said, and the lock is kept for who asks', async () => {
    const connection = await pooler('transaction');
    const storage = await openStorage({ connection, schema: newSchema() });
    await taken(storage, 'k', 'l');
    const heard = await waits(storage);
    await storage.release('k', 'l');
    expect(await storage.acquire(request('k', 'other'))).toMatchObject({ acquired: false, ahead: 1 });
    expect(await storage.acquire(request('k', 'w', { waitMs: 1000 }))).toMatchObject({ acquired: true });
    expect(heard).toEqual([]);
    expect(await storage.examine()).toContainEqual(
      expect.objectContaining({
        level: 'problem',
        check: 'notifications',
        message: expect.stringContaining('hears nothing'),
      }),
    );
  });

  test('who waits is told over a connection that goes past it', async () => {
    const connection = await pooler('transaction');
    const { url } = await theServer();
    const storage = await openStorage({ connection, listen: url, schema: newSchema() });
    await taken(storage, 'k', 'l');
    const heard = await waits(storage);
    await storage.release('k', 'l');
    await expect.poll(() => heard).toMatchObject([{ type: 'granted' }]);
    expect((await storage.examine()).filter(({ level }) => level === 'problem').map(({ check }) => check)).toEqual([
      'durability',
    ]);
  });

  test('it is named before anybody has waited', async () => {
    const storage = await openStorage({ connection: await pooler('transaction'), schema: newSchema() });
    expect(await storage.examine()).toContainEqual(expect.objectContaining({ level: 'warning', check: 'pooler' }));
  });
});

describeWith(['postgres', 'initdb', 'pgbouncer'], 'behind a pooler that keeps a connection for each client', () => {
  test('who waits is told', async () => {
    const connection = { connectionString: await pooler('session'), max: 1 };
    const storage = await openStorage({ connection, schema: newSchema() });
    await taken(storage, 'k', 'l');
    const heard = await waits(storage);
    await storage.release('k', 'l');
    await expect.poll(() => heard).toMatchObject([{ type: 'granted' }]);
  });
});
