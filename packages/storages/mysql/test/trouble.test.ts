import { createServer } from 'node:net';
import { once } from 'node:events';
import { createConnection, createPool } from 'mysql2/promise';
import { expect, test, vi } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { MysqlStorage } from '../src/index.ts';
import { request, taken } from '../../../../test/support/requests.ts';
import { useMariadb } from './server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const needs = ['mariadbd', 'mariadb-install-db'] as const;

/** What a person reads. */
async function complaint(storage: MysqlStorage): Promise<string> {
  const error: unknown = await storage.acquire(request('k', 'l')).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'StorageError', code: 'STORAGE_FAILED', storage: 'mysql', operation: 'acquire' });
  return (error as Error).message;
}

test('a server that nobody reaches is told as that', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { readonly port: number };
  probe.close();
  const storage = new MysqlStorage({ url: `mysql://root@127.0.0.1:${port}/x` });
  expect(await complaint(storage)).toContain('the server cannot be reached');
  await storage.close();
});

test('a server that takes the connection and says nothing is given up in time', async () => {
  const mute = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { port } = mute.address() as { readonly port: number };
  const storage = new MysqlStorage({ url: `mysql://root@127.0.0.1:${port}/x`, commandTimeoutMs: 200 });
  expect(await complaint(storage)).toMatch(/did not answer in time|cannot be reached/);
  await storage.close();
  mute.close();
});

describeWith(needs, 'what can be wrong with a server', () => {
  const scene = useMariadb();

  test('a wrong password, a database that is not there, none named: each is told', async () => {
    const { port } = scene.server;
    await scene.database.run("CREATE OR REPLACE USER 'other'@'%' IDENTIFIED BY 'right'");
    expect(await complaint(scene.open({ url: `mysql://other:wrong@127.0.0.1:${port}/x` }))).toContain(
      'may not do that',
    );
    expect(await complaint(scene.open({ url: `mysql://root@127.0.0.1:${port}/nothere` }))).toContain(
      'no such database',
    );
    await expect(scene.open({ url: `mysql://root@127.0.0.1:${port}` }).read('k')).rejects.toMatchObject({
      code: 'MYSQL_SCHEMA',
      message: expect.stringContaining('no database is selected'),
    });
  });

  test('a server that is read-only is told as that, and not as a busy lock', async () => {
    const storage = scene.open();
    await storage.read('k');
    const { name } = scene.database;
    await scene.database.run("CREATE OR REPLACE USER 'plain'@'%'");
    await scene.database.run(`GRANT ALL ON ${name}.* TO 'plain'@'%'`);
    await scene.database.run('SET GLOBAL read_only = 1');
    scene.after(() => scene.database.run('SET GLOBAL read_only = 0'));
    const url = `mysql://plain@127.0.0.1:${scene.server.port}/${name}`;
    expect(await complaint(scene.open({ url }))).toContain('the server is read-only');
  });

  test('a server that is full is told as that', async () => {
    await scene.database.run('SET GLOBAL max_connections = 10');
    scene.after(() => scene.database.run('SET GLOBAL max_connections = 151'));
    const url = scene.server.url;
    const connections = await Promise.allSettled(Array.from({ length: 14 }, () => createConnection({ uri: url })));
    scene.after(() => {
      for (const one of connections) if (one.status === 'fulfilled') one.value.destroy();
    });
    expect(await complaint(scene.open())).toContain('takes no more connections');
  });

  test('a row that another transaction has locked is no busy lock: the operation fails in time, and goes well later', async () => {
    await taken(scene.open(), 'k', 'l');
    const storage = scene.open({ commandTimeoutMs: 1000 });
    await storage.release('k', 'l');
    const other = await createConnection({ uri: scene.database.url });
    scene.after(() => other.destroy());
    await other.query('BEGIN');
    await other.query("SELECT * FROM lockscope_locks WHERE lock_key = 'k' FOR UPDATE");
    expect(await complaint(storage)).toMatch(/did not answer in time \(1000 ms\)|has the row locked/);
    await taken(storage, 'free', 'l');
    await other.query('ROLLBACK');
    expect(await storage.acquire(request('k', 'l'))).toMatchObject({ acquired: true });
  });

  test('a wait for a row that the server ends is tried again until the time is over', async () => {
    const pool = createPool({ uri: scene.database.url, multipleStatements: true });
    scene.after(() => pool.end());
    pool.on('connection', (connection) => void connection.query('SET SESSION innodb_lock_wait_timeout = 1'));
    const storage = scene.open({ pool, commandTimeoutMs: 10_000 });
    await taken(storage, 'k', 'l');
    await storage.release('k', 'l');
    const other = await createConnection({ uri: scene.database.url });
    scene.after(() => other.destroy());
    await other.query('BEGIN');
    await other.query("SELECT * FROM lockscope_locks WHERE lock_key = 'k' FOR UPDATE");
    const attempt = taken(storage, 'k', 'm');
    const timeouts = async (): Promise<number> => {
      const rows = await scene.database.run("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_waits'");
      return Number((rows as readonly { readonly Value: string }[])[0]?.Value);
    };
    const before = await timeouts();
    await expect.poll(timeouts, { timeout: 8000 }).toBeGreaterThan(before);
    await other.query('ROLLBACK');
    expect(await attempt).toMatchObject({ leaseId: 'm' });
  });

  test('a server waits for a row no longer than somebody waits for its answer, over a pool of our own', async () => {
    const storage = scene.open({ commandTimeoutMs: 2500 });
    await taken(storage, 'k', 'l');
    await storage.release('k', 'l');
    const other = await createConnection({ uri: scene.database.url });
    scene.after(() => other.destroy());
    await other.query('BEGIN');
    await other.query("SELECT * FROM lockscope_locks WHERE lock_key = 'k' FOR UPDATE");
    expect(await complaint(storage)).toMatch(/did not answer in time|another transaction has the row locked/);
    // One more second of the server, and what a busy machine needs.
    await expect.poll(() => scene.database.busy(), { timeout: 8000 }).toEqual([]);
    await other.query('ROLLBACK');
    expect((await storage.read('k')).record).toBeUndefined();
  });

  test('a deadlock with another transaction is tried again', async () => {
    const storage = scene.open();
    await taken(storage, 'a', 'l');
    const other = await createConnection({ uri: scene.database.url });
    scene.after(() => other.destroy());
    // The other one has the row of the key and wants that of the floor; an acquire goes the other way round.
    await other.query('BEGIN');
    await other.query("UPDATE lockscope_locks SET prev_token = 1 WHERE lock_key = 'a'");
    const attempt = storage.acquire(request('a', 'm', { waitMs: 5000 }));
    await expect.poll(() => scene.database.busy(), { timeout: 8000 }).toHaveLength(1);
    await other.query('UPDATE lockscope_meta SET floor = floor + 1 WHERE id = 1').catch((error: unknown) => {
      // One of the two is the victim: both must be fine.
      expect(error).toMatchObject({ errno: 1213 });
    });
    await other.query('ROLLBACK');
    expect(await attempt).toMatchObject({ acquired: false, ahead: 0 });
  });

  test('a connection that an administrator ends in the middle fails its operation only', async () => {
    const storage = scene.open();
    await taken(storage, 'k', 'l');
    const other = await createConnection({ uri: scene.database.url });
    scene.after(() => other.destroy());
    await other.query('BEGIN');
    await other.query("SELECT * FROM lockscope_locks WHERE lock_key = 'k' FOR UPDATE");
    const attempt = storage.release('k', 'l').catch((error: unknown) => error);
    await expect.poll(() => scene.database.busy(), { timeout: 8000 }).toHaveLength(1);
    await scene.database.run(`KILL ${(await scene.database.busy())[0]}`);
    expect(await attempt).toMatchObject({ code: 'STORAGE_FAILED' });
    await other.query('ROLLBACK');
    expect((await storage.read('k')).record).toMatchObject({ leaseId: 'l' });
    expect(await storage.release('k', 'l')).toEqual({ released: true });
  });

  test('a server that dies takes no process with it: idle and busy pools live on', async () => {
    const storage = scene.open({ connectionLimit: 3 });
    const held = await taken(storage, 'k', 'l');
    await Promise.all(Array.from({ length: 3 }, () => storage.read('k')));
    await scene.server.kill();
    await expect(storage.read('k')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await scene.server.start();
    expect((await storage.read('k')).record).toEqual(held);
  });

  test('a connection that tells of its end more than once ends no process', async () => {
    const pool = createPool({ uri: scene.database.url, multipleStatements: true, connectionLimit: 1 });
    scene.after(() => pool.end());
    const connections: { emit(event: 'error', error: Error): boolean }[] = [];
    pool.on('connection', (connection) => connections.push(connection));
    const storage = scene.open({ pool });
    await taken(storage, 'k', 'l');
    for (let n = 0; n < 3; n += 1) expect(() => connections[0]?.emit('error', new Error('gone'))).not.toThrow();
    expect((await storage.read('k')).record).toMatchObject({ leaseId: 'l' });
  });

  test('a server that stands still fails an operation in time, and does not hold up the close', async () => {
    await taken(scene.open(), 'k', 'l');
    const storage = scene.open({ commandTimeoutMs: 1000 });
    await storage.read('k');
    scene.server.freeze();
    try {
      const start = performance.now();
      expect(await complaint(storage)).toContain('did not answer in time (1000 ms)');
      expect(performance.now() - start).toBeLessThan(3000);
      await storage.close();
      expect(performance.now() - start).toBeLessThan(6000);
    } finally {
      scene.server.thaw();
    }
  });

  test('texts that are too long for the tables are refused, not cut', async () => {
    const storage = scene.open();
    await expect(storage.acquire(request('k'.repeat(3000), 'l'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(storage.acquire(request('k', 'l'.repeat(256)))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});

describeWith(needs, 'a server that logs statements only', () => {
  const scene = useMariadb({ args: ['--log-bin=binlog', '--binlog-format=STATEMENT', '--server-id=1'] });

  test('takes locks, lines and shares all the same', async () => {
    const storage = scene.open();
    await taken(storage, 'k', 'l');
    const waiting = request('k', 'w', { waitMs: 60_000 });
    expect(await storage.acquire(waiting)).toMatchObject({ acquired: false, ahead: 0 });
    expect(await storage.renew('k', 'l', 10_000)).toMatchObject({ renewed: true });
    expect(await storage.renewMany([{ key: 'k', leaseId: 'l', leaseMs: 10_000 }])).toMatchObject([{ renewed: true }]);
    await storage.release('k', 'l');
    expect(await storage.acquire(waiting)).toMatchObject({ acquired: true, waiting: 0 });
    await storage.forceRelease('k');
    expect(await storage.renew('k', 'w', 10_000)).toMatchObject({ renewed: false, forced: true });
    for (const id of ['a', 'b']) await taken(storage, 's', id, { share: 2 });
    expect(await storage.acquire(request('s', 'c', { share: 2 }))).toMatchObject({ acquired: false });
    await storage.sweep({ olderThanMs: 0 });
  });

  test('is fine also when sixty lines are used at once: what gets in each other’s way is tried again', async () => {
    const storage = scene.open({ connectionLimit: 8, commandTimeoutMs: 30_000 });
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const key = `k${index}`;
        await taken(storage, key, 'l');
        await storage.acquire(request(key, 'w', { waitMs: 60_000 }));
        await storage.release(key, 'l');
        await taken(storage, key, 'w', { waitMs: 60_000 });
      }),
    );
  });
});
