import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { PostgresStorage, type PostgresStorageOptions } from '../src/index.ts';

function problemsOf(options: unknown): readonly string[] {
  try {
    void new PostgresStorage(options as PostgresStorageOptions);
  } catch (error) {
    expect(error).toMatchObject({ name: 'PostgresOptionsError', code: 'INVALID_OPTIONS' });
    return (error as { problems: readonly string[] }).problems;
  }
  return [];
}

test.each([
  [undefined, 'give a connection or a pool'],
  [{}, 'give either a connection or a pool'],
  [{ connection: 'postgres://h/d', pool: new Pool() }, 'give either a connection or a pool'],
  [{ pool: {} }, 'pool must be a Pool of pg, with connect() and query()'],
  [{ connection: '' }, 'connection must be a connection string or options of pg, got ""'],
  [{ connection: 7 }, 'connection must be a connection string or options of pg, got 7'],
  [{ connection: 'x', listen: 7 }, 'listen must be a connection string or options of pg, got 7'],
  [{ connection: 'x', listen: 'y', notifications: false }, 'listen is of no use where notifications is false'],
  [
    { connection: 'x', schema: 'A' },
    'schema must be a name of small letters, digits and _, at most 40, not pg_..., got "A"',
  ],
  [
    { connection: 'x', schema: 'pg_locks' },
    'schema must be a name of small letters, digits and _, at most 40, not pg_..., got "pg_locks"',
  ],
  [{ connection: 'x', createSchema: 'no' }, 'createSchema must be true or false, got no'],
  [{ connection: 'x', notifications: 1 }, 'notifications must be true or false, got 1'],
  [{ connection: 'x', durability: 'most' }, 'durability must be grants, all, none, got most'],
  [{ connection: 'x', timeoutMs: 0 }, 'timeoutMs must be from 1 to 2147483647, got 0'],
])('%o is refused with what is wrong about it', (options, problem) => {
  expect(problemsOf(options)).toEqual([problem]);
});

test('everything that is wrong is told at once, unknown names with those that are known', () => {
  expect(problemsOf({ url: 'x', schema: '', timeoutMs: -1 })).toEqual([
    'there is no option "url"; known are pool, connection, schema, createSchema, durability, notifications, listen, timeoutMs',
    'give either a connection or a pool',
    expect.stringContaining('schema must be'),
    expect.stringContaining('timeoutMs must be'),
  ]);
});

test('a storage without notifications says so, and has nothing to watch with', async () => {
  const storage = new PostgresStorage({ connection: 'postgres://h/d', notifications: false });
  expect(storage.capabilities.notifies).toBe(false);
  expect(storage.watch).toBeUndefined();
  await storage.close();
});

test('no connection is made before the first operation', async () => {
  const storage = new PostgresStorage({ connection: 'postgres://nobody@127.0.0.1:1/nothing' });
  await storage.close();
  await expect(storage.read('k')).rejects.toMatchObject({ code: 'STORAGE_CLOSED' });
});
