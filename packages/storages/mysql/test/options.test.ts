import { describe, expect, test } from 'vitest';
import { MysqlOptionsError, MysqlStorage, type MysqlStorageOptions } from '../src/index.ts';

function make(options: unknown): MysqlStorage {
  return new MysqlStorage(options as MysqlStorageOptions);
}

function problems(options: unknown): readonly string[] {
  try {
    make(options);
  } catch (error) {
    expect(error).toBeInstanceOf(MysqlOptionsError);
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    return (error as MysqlOptionsError).problems;
  }
  return [];
}

const url = 'mysql://root@localhost/locks';
const pool = { getConnection: () => undefined, end: () => undefined };

describe('options', () => {
  test('that fit are taken, and nothing is connected by that', async () => {
    for (const options of [{ url }, { connection: { host: 'nowhere.invalid' } }, { pool }]) {
      expect(problems(options)).toEqual([]);
    }
    const storage = new MysqlStorage({ url: 'mysql://nowhere.invalid/locks' });
    await storage.close();
    await storage.close();
  });

  test('that do not fit are told all at once, each with its bound and what was given', () => {
    expect(
      problems({ url: 'redis://x', commandTimeoutMs: 0, connectionLimit: 1.5, prefix: 'a-b', colour: 'red' }),
    ).toEqual([
      expect.stringContaining('there is no option "colour"; known are pool, url, connection, prefix'),
      'url must be mysql://…, got another text',
      'prefix must be 1 to 32 letters, digits or _, got "a-b"',
      'commandTimeoutMs must be a whole number from 1 to 2147483647, got 0',
      'connectionLimit must be a whole number from 1 to 1000, got 1.5',
    ]);
  });

  test('name one way to the server, and one only', () => {
    const one = 'give either a pool, a url or a connection';
    expect(problems({})).toEqual([one]);
    expect(problems({ url, pool })).toEqual([one]);
    expect(problems(undefined)).toEqual(['give a pool, a url or a connection']);
    expect(problems({ pool: {} })).toEqual(['pool must be a pool of mysql2 or mysql2/promise']);
    expect(problems({ pool, connectionLimit: 2 })).toEqual([
      'connectionLimit goes with a url or a connection, a pool has its own',
    ]);
  });

  test('never show a password', () => {
    expect(problems({ url: 'http://user:secret@host/', prefix: '' }).join()).not.toContain('secret');
  });
});

test('the tables can be had as SQL, under any prefix', () => {
  expect(MysqlStorage.schemaSql('mine_')).toContain('CREATE TABLE IF NOT EXISTS `mine_locks`');
  expect(() => MysqlStorage.schemaSql('a`b')).toThrow(MysqlOptionsError);
});
