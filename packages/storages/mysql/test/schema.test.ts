import { expect, test, vi } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { MysqlStorage } from '../src/index.ts';
import { request, taken } from '../../../../test/support/requests.ts';
import { useMariadb } from './server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describeWith(['mariadbd', 'mariadb-install-db'], 'the tables', () => {
  const scene = useMariadb();

  test('are made once, however many begin at the same time', async () => {
    const storages = Array.from({ length: 20 }, () => scene.open({ connectionLimit: 1 }));
    const results = await Promise.all(storages.map((storage, index) => storage.acquire(request('k', `l${index}`))));
    expect(results.filter(({ acquired }) => acquired)).toHaveLength(1);
    const rows = await scene.database.run('SELECT version, floor FROM {db}.lockscope_meta');
    expect(rows).toEqual([{ version: 2, floor: 0 }]);
  });

  test('are completed when who made them was ended in the middle', async () => {
    const [meta = '', locks = ''] = MysqlStorage.schemaSql().split(';\n');
    for (const sql of [meta, locks])
      await scene.database.run(sql.replace('EXISTS `', `EXISTS ${scene.database.name}.\``));
    await taken(scene.open(), 'k', 'l');
  });

  test('of different prefixes have nothing to do with each other', async () => {
    await taken(scene.open(), 'k', 'l');
    await taken(scene.open({ prefix: 'other_' }), 'k', 'm');
  });

  test('may stand beside those of others', async () => {
    await scene.database.run('CREATE TABLE {db}.locks (id INT)');
    await scene.database.run('CREATE TABLE {db}.lockscope_other (id INT)');
    await taken(scene.open(), 'k', 'l');
  });

  for (const table of ['meta', 'locks', 'sharers', 'waiters']) {
    test(`are not made where somebody else has one of the name lockscope_${table}, which is left as it is`, async () => {
      await scene.database.run(`CREATE TABLE {db}.lockscope_${table} (id INT)`);
      await expect(scene.open().acquire(request('k', 'l'))).rejects.toMatchObject({
        code: 'MYSQL_SCHEMA',
        found: undefined,
        message: expect.stringContaining(`lockscope_${table} that Lockscope did not make`),
      });
      const tables = await scene.database.run(
        'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
        [scene.database.name],
      );
      expect(tables).toHaveLength(1);
    });
  }

  test('of another version are refused, with the version that they have', async () => {
    await taken(scene.open(), 'k', 'l');
    await scene.database.run('UPDATE {db}.lockscope_meta SET version = 99');
    await expect(scene.open().read('k')).rejects.toMatchObject({ code: 'MYSQL_SCHEMA', found: 99 });
  });

  test('with other columns are refused', async () => {
    await taken(scene.open(), 'k', 'l');
    await scene.database.run('ALTER TABLE {db}.lockscope_locks DROP COLUMN forced');
    await expect(scene.open().read('k')).rejects.toMatchObject({ code: 'MYSQL_SCHEMA', found: undefined });
  });

  test('that a user may not make are told as the SQL to run; with them that user needs no more rights', async () => {
    const { name } = scene.database;
    await scene.database.run("CREATE OR REPLACE USER 'plain'@'%'");
    await scene.database.run(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name}.* TO 'plain'@'%'`);
    const storage = scene.open({ url: `mysql://plain@127.0.0.1:${scene.server.port}/${name}` });
    const error: unknown = await storage.acquire(request('k', 'l')).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'MYSQL_SCHEMA', message: expect.stringContaining('CREATE TABLE') });
    const sql = (error as Error).message.slice((error as Error).message.indexOf('CREATE TABLE'));
    for (const statement of sql.split(';\n').filter((text) => text.trim() !== ''))
      await scene.database.run(statement.replace(/;$/, '').replace(/(EXISTS|INTO) `/, `$1 ${name}.\``));
    await taken(storage, 'k', 'l');
    expect(await storage.acquire(request('k', 'w', { waitMs: 1000 }))).toMatchObject({ acquired: false });
    await storage.release('k', 'l');
    await taken(storage, 'k', 'w', { waitMs: 1000 });
    await taken(storage, 's', 'l', { share: 2 });
    await storage.sweep({ olderThanMs: 0 });
  });

  test('that were dropped while they were in use are told as missing', async () => {
    const storage = scene.open();
    await taken(storage, 'k', 'l');
    await scene.database.run('DROP TABLE {db}.lockscope_locks');
    await expect(storage.acquire(request('k', 'm'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('a table is missing'),
    });
  });

  test('whose floor row is gone give no lock', async () => {
    const storage = scene.open();
    await taken(storage, 'a', 'l');
    await storage.release('a', 'l');
    await scene.database.run('DELETE FROM {db}.lockscope_meta');
    await expect(storage.acquire(request('new', 'm'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});
