import mysql from 'mysql2';
import { createConnection, createPool, type Pool, type PoolOptions } from 'mysql2/promise';
import { expect, test, vi } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { collect, request, taken } from '../../../../test/support/requests.ts';
import { useMariadb } from './server.ts';

// A machine that is busy with other tests is slow; nothing here is about time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const needs = ['mariadbd', 'mariadb-install-db'] as const;
const waitMs = 60_000;

describeWith(needs, 'a pool that was given', () => {
  const scene = useMariadb();

  function given(options: PoolOptions = {}): Pool {
    const pool = createPool({ uri: scene.database.url, multipleStatements: true, ...options });
    scene.after(() => pool.end());
    return pool;
  }

  test('is used, and stays open when the storage is closed', async () => {
    const pool = given();
    const storage = scene.open({ pool });
    await taken(storage, 'k', 'l');
    await storage.close();
    expect((await pool.query('SELECT COUNT(*) AS n FROM lockscope_locks'))[0]).toEqual([{ n: 1 }]);
  });

  test('may be one with callbacks', async () => {
    const pool = mysql.createPool({ uri: scene.database.url, multipleStatements: true });
    scene.after(() => pool.promise().end());
    await taken(scene.open({ pool }), 'k', 'l');
  });

  test('that takes one statement a command is refused in words that say what to do', async () => {
    const storage = scene.open({ pool: given({ multipleStatements: false }) });
    await expect(storage.acquire(request('k', 'l'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('make the pool with multipleStatements: true'),
    });
  });

  for (const [what, options] of Object.entries({
    'numbers as texts': { supportBigNumbers: true, bigNumberStrings: true },
    'rows as lists': { rowsAsArray: true },
    'nested tables': { nestTables: '_' },
    'values of its own making': { typeCast: () => 'nonsense' },
    'named placeholders': { namedPlaceholders: true },
    'another character set': { charset: 'latin1_swedish_ci' },
    'no found rows': { flags: ['-FOUND_ROWS'] },
    'one connection': { connectionLimit: 1 },
  } satisfies Record<string, PoolOptions>)) {
    test(`may have settings that suit you: ${what}`, async () => {
      const storage = scene.open({ pool: given(options) });
      const key = '漢 🔒 ä?:key\'\\" \ud800';
      const record = await taken(storage, key, 'l', { holder: { ownerId: '漢ü🔒', operation: "':x ? \\" } });
      expect((await storage.read(key)).record).toEqual(record);
      expect(await storage.acquire(request(key, 'm', { waitMs }))).toMatchObject({ acquired: false, record });
      expect((await collect(storage.list())).map((state) => state.record)).toEqual([record]);
      expect(await storage.renew(key, 'l', 10_000)).toMatchObject({ renewed: true });
      expect(await storage.release(key, 'l')).toEqual({ released: true });
    });
  }

  test('may have connections with any session: isolation, time zone, SQL mode, no autocommit', async () => {
    const sessions = [
      'SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE',
      'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
      "SET SESSION time_zone = '-11:00', sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,TRADITIONAL'",
      "SET SESSION sql_mode = ''",
      "SET SESSION sql_mode = 'SIMULTANEOUS_ASSIGNMENT'",
      'SET SESSION autocommit = 0',
    ];
    const storages = sessions.map((sql) => {
      const pool = given();
      pool.on('connection', (connection) => {
        void connection.query(sql);
      });
      return scene.open({ pool });
    });
    let last = 0;
    for (const [index, storage] of storages.entries()) {
      const { fencingToken, expiresAt } = await taken(storage, 'k', `l${index}`, { leaseMs: 60_000 });
      expect(fencingToken).toBeGreaterThan(last);
      expect(Math.abs(expiresAt - Date.now() - 60_000)).toBeLessThan(5000);
      last = fencingToken;
      for (const other of storages) {
        expect(await other.acquire(request('k', 'try'))).toMatchObject({ acquired: false, record: { fencingToken } });
        expect(await other.acquire(request('k', 'w', { waitMs }))).toMatchObject({ acquired: false, ahead: 0 });
      }
      await storage.leave('k', 'w');
      expect(await storage.release('k', `l${index}`)).toEqual({ released: true });
    }
  });

  test('in which somebody left a transaction open takes no lock into it', async () => {
    const pool = given({ connectionLimit: 1 });
    const storage = scene.open({ pool });
    await storage.read('k');
    const connection = await pool.getConnection();
    await connection.query('BEGIN');
    connection.release();
    await taken(storage, 'k', 'l');
    expect(await scene.open().acquire(request('k', 'other'))).toMatchObject({ acquired: false });
  });
});

describeWith(needs, 'what an operation costs', () => {
  const scene = useMariadb();

  test('one command each, two for an acquire that meets others', async () => {
    const pool = createPool({ uri: scene.database.url, multipleStatements: true });
    scene.after(() => pool.end());
    const storage = scene.open({ pool });
    await storage.read('k');
    let commands = 0;
    pool.on('acquire', () => (commands += 1));
    const cost = async (work: () => Promise<unknown>): Promise<number> => {
      commands = 0;
      await work();
      return commands;
    };
    expect(await cost(() => taken(storage, 'k', 'l'))).toBe(1);
    expect(await cost(() => storage.renew('k', 'l', 10_000))).toBe(1);
    expect(await cost(() => storage.acquire(request('k', 'try')))).toBe(2);
    expect(await cost(() => storage.acquire(request('k', 'w', { waitMs })))).toBe(2);
    expect(await cost(() => storage.acquire(request('k', 'w', { waitMs })))).toBe(1);
    expect(await cost(() => storage.leave('k', 'w'))).toBe(1);
    expect(await cost(() => storage.release('k', 'l'))).toBe(1);
    expect(await cost(() => taken(storage, 'k', 'l2'))).toBe(2);
    expect(await cost(() => storage.release('k', 'l2'))).toBe(1);
    expect(await cost(() => taken(storage, 'k', 'l3'))).toBe(1);
    expect(await cost(() => taken(storage, 's', 's1', { share: 2 }))).toBe(1);
    expect(await cost(() => storage.renew('s', 's1', 10_000))).toBe(1);
    expect(await cost(() => storage.release('s', 's1'))).toBe(1);
    expect(await cost(() => storage.read('k'))).toBe(1);
    expect(await cost(() => storage.forceRelease('k'))).toBe(1);
    expect(await cost(() => storage.leave('nobody', 'w'))).toBe(1);
  });
});

describeWith(needs, 'a sweep', () => {
  const scene = useMariadb();

  test('removes what nobody has, wants or had lately, and nothing else', async () => {
    const storage = scene.open();
    for (let n = 0; n < 3; n += 1) {
      await taken(storage, `old/${n}`, 'l');
      await storage.release(`old/${n}`, 'l');
    }
    await taken(storage, 'held', 'l');
    await taken(storage, 'kept', 'l', { leaseMs: 60_000 });
    await storage.acquire(request('kept', 'w', { waitMs: 60_000 }));
    await storage.release('kept', 'l');
    await taken(storage, 'shared', 'l', { share: 2 });
    expect(await storage.sweep()).toBe(0);
    expect(await storage.sweep({ olderThanMs: 0 })).toBe(3);
    expect((await storage.read('held')).record).toMatchObject({ leaseId: 'l' });
    expect((await storage.read('kept')).waiters).toHaveLength(1);
    expect((await storage.read('shared')).record).toMatchObject({ leaseId: 'l', share: 2 });
    await expect(storage.sweep({ olderThanMs: -1 })).rejects.toThrow(RangeError);
  });

  test('of many keys takes all of them, in steps', async () => {
    const storage = scene.open();
    await storage.read('k');
    await scene.database.run(
      `INSERT INTO {db}.lockscope_locks (lock_key, token) SELECT CONCAT('k', seq), seq FROM {db}.seq_1_to_1200`,
    );
    expect(await storage.sweep({ olderThanMs: 0 })).toBe(1200);
    expect((await taken(storage, 'new', 'l')).fencingToken).toBeGreaterThan(1200);
  });

  test('keeps tokens rising for keys that come back, also while others acquire all the time', async () => {
    const storage = scene.open({ commandTimeoutMs: 30_000 });
    const sweeper = scene.open({ commandTimeoutMs: 30_000 });
    const highest = new Map<string, number>();
    const over = new AbortController();
    const sweeping = (async () => {
      let removed = 0;
      while (!over.signal.aborted) removed += await sweeper.sweep({ olderThanMs: 0 });
      return removed;
    })();
    const use = async (worker: number): Promise<void> => {
      for (let n = 0; n < 60; n += 1) {
        const key = `${worker}/${n % 2}`;
        const { fencingToken } = await taken(storage, key, `l${n}`);
        expect(fencingToken).toBeGreaterThan(highest.get(key) ?? 0);
        highest.set(key, fencingToken);
        await storage.release(key, `l${n}`);
      }
    };
    try {
      await Promise.all(Array.from({ length: 4 }, (_, worker) => use(worker)));
    } finally {
      over.abort();
    }
    expect(await sweeping).toBeGreaterThan(0);
  });

  for (const isolation of ['REPEATABLE READ', 'READ COMMITTED']) {
    test(`lets nobody have a lock while it raises the floor under the tokens, in sessions of ${isolation}`, async () => {
      await scene.open().read('k');
      const pool = createPool({ uri: scene.database.url, multipleStatements: true });
      scene.after(() => pool.end());
      pool.on('connection', (connection) => {
        void connection.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${isolation}`);
      });
      const storage = scene.open({ pool, commandTimeoutMs: 1000 });
      await storage.read('k');
      const sweeper = await createConnection({ uri: scene.database.url });
      scene.after(() => sweeper.destroy());
      await sweeper.query('BEGIN');
      await sweeper.query('SELECT floor FROM lockscope_meta FOR UPDATE');
      for (const more of [{}, { share: 2 }])
        await expect(storage.acquire(request('k', 'l', more))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      await sweeper.query('UPDATE lockscope_meta SET floor = 41');
      await sweeper.query('COMMIT');
      expect((await taken(storage, 'new', 'l')).fencingToken).toBe(42);
    });
  }
});

describeWith(needs, 'what is told of a lease', () => {
  const scene = useMariadb();

  test('that many renewals passed on: its token is never given again', async () => {
    const storage = scene.open();
    const { fencingToken } = await taken(storage, 'k', 'l', { spareTokens: 5 });
    const update = { holder: { ownerId: 'next' }, fencingToken: fencingToken + 100 };
    const renewals = ['k', 'nobody'].map((key) => ({ key, leaseId: 'l', leaseMs: 10_000, update }));
    expect(await storage.renewMany(renewals)).toMatchObject([{ renewed: true }, { renewed: false }]);
    expect((await storage.read('k')).record).toMatchObject(update);
    await storage.release('k', 'l');
    expect((await taken(storage, 'k', 'm')).fencingToken).toBeGreaterThan(update.fencingToken);
  });

  test('that lost a lock by force, got it again and let it run out: it was not by force the second time', async () => {
    const storage = scene.open();
    for (const share of [undefined, 2]) {
      const more = share === undefined ? {} : { share };
      await taken(storage, 'k', 'l', more);
      await storage.forceRelease('k');
      expect(await storage.release('k', 'l')).toMatchObject({ released: false, forced: true });
      await taken(storage, 'k', 'l', more);
      await storage.release('k', 'l');
      expect(await storage.renew('k', 'l', 10_000)).toMatchObject({ renewed: false, forced: false });
    }
  });
});

describeWith(needs, 'those who wait', () => {
  const scene = useMariadb();

  test('are told with those behind them, and a later attempt brings the list up to date', async () => {
    const storage = scene.open();
    await taken(storage, 'k', 'l');
    const behind = [{ holder: { ownerId: 'second' }, waitedMs: 50 }];
    await storage.acquire(request('k', 'w', { waitMs, behind }));
    expect((await storage.read('k')).waiters.map(({ leaseId, holder }) => [leaseId, holder.ownerId])).toEqual([
      ['w', 'owner of w'],
      ['w', 'second'],
    ]);
    await storage.acquire(request('k', 'w', { waitMs }));
    expect((await scene.open().read('k')).waiters).toHaveLength(1);
  });

  test('for ever keep their place', async () => {
    const storage = scene.open();
    await taken(storage, 'k', 'l');
    const forEver = request('k', 'w', { waitMs: Infinity });
    expect(await storage.acquire(forEver)).toMatchObject({ acquired: false, ahead: 0 });
    expect(await storage.acquire(forEver)).toMatchObject({ acquired: false, ahead: 0 });
    await storage.release('k', 'l');
    expect(await storage.acquire(request('k', 'new'))).toMatchObject({ acquired: false, record: undefined, ahead: 1 });
    expect(await storage.acquire(forEver)).toMatchObject({ acquired: true });
  });

  test('of different keys do not disturb each other, sixty at once', async () => {
    const [even, odd] = [scene.open({ commandTimeoutMs: 30_000 }), scene.open({ commandTimeoutMs: 30_000 })];
    const serve = async (index: number): Promise<void> => {
      const storage = index % 2 === 0 ? even : odd;
      const key = `k${index}`;
      await taken(storage, key, 'l');
      await storage.acquire(request(key, 'w', { waitMs: 60_000 }));
      await storage.release(key, 'l');
      await taken(storage, key, 'w', { waitMs: 60_000 });
      await storage.release(key, 'w');
    };
    await Promise.all(Array.from({ length: 60 }, (_, index) => serve(index)));
  });
});
