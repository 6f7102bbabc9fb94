import type { Finding } from '@lockscope/storage';
import { createPool } from 'mysql2/promise';
import { expect, test, vi } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { taken } from '../../../../test/support/requests.ts';
import { useMariadb } from './server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const needs = ['mariadbd', 'mariadb-install-db'] as const;

function of(findings: readonly Finding[], check: string): Finding | undefined {
  return findings.find((finding) => finding.check === check);
}

describeWith(needs, 'an examination', () => {
  const scene = useMariadb({ persistent: true });

  test('finds nothing wrong with a server that keeps what it is told, and makes no tables', async () => {
    const storage = scene.open();
    const findings = await storage.examine();
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
    expect(findings.map(({ check }) => check).toSorted()).toEqual([
      'clock',
      'command-timeout',
      'connections',
      'durability',
      'read-only',
      'tables',
    ]);
    expect(of(findings, 'tables')?.message).toContain('0 of 4');
    await taken(storage, 'k', 'l');
    expect(of(await storage.examine(), 'tables')?.message).toContain('in InnoDB');
  });

  test('finds commits that are not on disk, with what to do about it', async () => {
    await scene.database.run('SET GLOBAL innodb_flush_log_at_trx_commit = 2');
    scene.after(() => scene.database.run('SET GLOBAL innodb_flush_log_at_trx_commit = 1'));
    expect(of(await scene.open().examine(), 'durability')).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('innodb_flush_log_at_trx_commit = 2'),
      remedy: 'set innodb_flush_log_at_trx_commit = 1',
    });
  });

  test('finds a server that takes no writes', async () => {
    await scene.database.run('SET GLOBAL read_only = 1');
    scene.after(() => scene.database.run('SET GLOBAL read_only = 0'));
    expect(of(await scene.open().examine(), 'read-only')).toMatchObject({ level: 'problem' });
  });

  test('finds a server that is nearly full, a long timeout and a pool of one', async () => {
    await scene.database.run('SET GLOBAL max_connections = 10');
    scene.after(() => scene.database.run('SET GLOBAL max_connections = 151'));
    const pool = createPool({ uri: scene.server.url, connectionLimit: 9 });
    scene.after(() => pool.end());
    const connections = await Promise.all(Array.from({ length: 8 }, () => pool.getConnection()));
    const findings = await scene.open({ commandTimeoutMs: 60_000, connectionLimit: 1 }).examine();
    for (const connection of connections) connection.release();
    for (const check of ['connections', 'command-timeout', 'pool-size'])
      expect(of(findings, check)).toMatchObject({ level: 'warning', remedy: expect.any(String) });
  });

  test('finds a table that somebody moved into an engine without transactions', async () => {
    const storage = scene.open();
    await taken(storage, 'k', 'l');
    await scene.database.run('ALTER TABLE {db}.lockscope_locks ENGINE = MyISAM, ROW_FORMAT = DYNAMIC').catch(
      // Its keys are too long for MyISAM: then nobody can move it there.
      () => scene.database.run('ALTER TABLE {db}.lockscope_meta ENGINE = MyISAM'),
    );
    expect(of(await storage.examine(), 'tables')).toMatchObject({
      level: 'problem',
      message: expect.stringContaining('is in MyISAM'),
    });
  });
});

describeWith(needs, 'an examination of a server that logs', () => {
  const scene = useMariadb({ args: ['--log-bin=binlog', '--binlog-format=STATEMENT', '--server-id=1'] });

  test('finds a log of statements', async () => {
    expect(of(await scene.open().examine(), 'binlog-format')).toMatchObject({ level: 'warning' });
  });
});
