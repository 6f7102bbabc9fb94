import { describe, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { PostgresStorage } from '../src/index.ts';
import { newSchema, openStorage, run, theServer } from './schemas.ts';
import { request, taken } from '../../../../test/support/requests.ts';

/** The address of a role that may connect and nothing else. */
async function newRole(name: string): Promise<string> {
  const { port } = await theServer();
  await run(`CREATE ROLE ${name} LOGIN`);
  return `postgres://${name}@127.0.0.1:${port}/postgres`;
}

describeWith(['postgres', 'initdb'], 'the schema', () => {
  test('is made by whoever comes first, also when many come at once, and each gets its lock', async () => {
    const schema = newSchema();
    const storages = await Promise.all(Array.from({ length: 10 }, () => openStorage({ schema })));
    const records = await Promise.all(storages.map((storage, n) => taken(storage, `own/${n}`, `l${n}`)));
    expect(records.map(({ fencingToken }) => fencingToken)).toEqual(Array.from({ length: 10 }, () => 1));
    const shared = await Promise.all(storages.map((storage, n) => storage.acquire(request('shared', `s${n}`))));
    expect(shared.filter(({ acquired }) => acquired)).toHaveLength(1);
    expect(await run(`SELECT application, version FROM ${schema}.meta`)).toEqual([
      { application: 'lockscope', version: 2 },
    ]);
  });

  test('of one name does not see the locks in another', async () => {
    const one = await openStorage({ schema: newSchema() });
    const other = await openStorage({ schema: newSchema() });
    await taken(one, 'k', 'a');
    await taken(other, 'k', 'b');
  });

  test('that another version made is refused by name, and left as it is', async () => {
    const schema = newSchema();
    const storage = await openStorage({ schema });
    await storage.read('k');
    await run(`UPDATE ${schema}.meta SET version = 7`);
    const later = await openStorage({ schema });
    await expect(later.acquire(request('k', 'l'))).rejects.toMatchObject({
      code: 'POSTGRES_SCHEMA',
      schema,
      found: 7,
      message: expect.stringContaining('of version 7, and this Lockscope has version 2'),
    });
    expect(await run(`SELECT version FROM ${schema}.meta`)).toEqual([{ version: 7 }]);
  });

  test.each([
    ['with other tables', (schema: string) => `CREATE TABLE ${schema}.orders (id int)`],
    ['with a table of that name', (schema: string) => `CREATE TABLE ${schema}.meta (id int)`],
    ['with a function', (schema: string) => `CREATE FUNCTION ${schema}.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`],
  ])('of somebody else, %s, is refused and left as it is', async (_, make) => {
    const schema = newSchema();
    await run(`CREATE SCHEMA ${schema}`);
    await run(make(schema));
    const storage = await openStorage({ schema });
    await expect(storage.read('k')).rejects.toMatchObject({
      code: 'POSTGRES_SCHEMA',
      found: undefined,
      message: expect.stringContaining('that Lockscope did not make: give another schema'),
    });
    expect(
      await run(`SELECT FROM pg_class WHERE relname = 'locks' AND relnamespace = '${schema}'::regnamespace`),
    ).toEqual([]);
  });

  test('that is there and empty is used', async () => {
    const schema = newSchema();
    await run(`CREATE SCHEMA ${schema}`);
    await taken(await openStorage({ schema }), 'k', 'l');
  });

  test('that is dropped while it is used is made again', async () => {
    const schema = newSchema();
    const storage = await openStorage({ schema });
    await taken(storage, 'k', 'l');
    await run(`DROP SCHEMA ${schema} CASCADE`);
    await taken(storage, 'k', 'l2');
  });

  test('is not made where that is switched off: the message says what to run, and it works', async () => {
    const schema = newSchema();
    const storage = await openStorage({ schema, createSchema: false });
    await expect(storage.read('k')).rejects.toMatchObject({
      code: 'POSTGRES_SCHEMA',
      message: expect.stringContaining('PostgresStorage.schemaSql()'),
    });
    await run(PostgresStorage.schemaSql({ schema }));
    await taken(storage, 'k', 'l');
  });

  test('that the role may not make is asked of an administrator, with SQL that works', async () => {
    const schema = newSchema();
    const storage = await openStorage({ schema, connection: await newRole('nobody_1') });
    const error: unknown = await storage.acquire(request('k', 'l')).catch((problem: unknown) => problem);
    expect(error).toMatchObject({
      code: 'POSTGRES_PERMISSION',
      operation: 'open',
      message: expect.stringContaining(`the role nobody_1 may not make the schema ${schema}`),
    });
    await run((error as { sql: string }).sql);
    await taken(storage, 'k', 'l');
    expect(await storage.release('k', 'l')).toEqual({ released: true });
    expect(await storage.sweep({ olderThanMs: 0 })).toBe(1);
  });

  test('that the role may not use is asked of an administrator, with SQL that works', async () => {
    const schema = newSchema();
    await taken(await openStorage({ schema }), 'k', 'l');
    const storage = await openStorage({ schema, connection: await newRole('nobody_2') });
    const error: unknown = await storage.read('k').catch((problem: unknown) => problem);
    expect(error).toMatchObject({
      code: 'POSTGRES_PERMISSION',
      message: expect.stringContaining(`the role nobody_2 may not use the schema ${schema}`),
    });
    await run((error as { sql: string }).sql);
    expect((await storage.read('k')).record).toMatchObject({ leaseId: 'l' });
    expect(await storage.acquire(request('k', 'w', { waitMs: 1000 }))).toMatchObject({ acquired: false });
    expect(await storage.forceRelease('k')).toMatchObject({ leaseId: 'l' });
  });
});

describe('the SQL for an administrator', () => {
  test('names the schema and the role', () => {
    const sql = PostgresStorage.schemaSql({ schema: 'own', role: 'app"x' });
    expect(sql).toContain('CREATE SCHEMA own;');
    expect(sql).toContain('GRANT USAGE ON SCHEMA own TO "app""x";');
    expect(PostgresStorage.schemaSql()).not.toContain('GRANT');
  });

  test('is not made for a name that would have to be quoted', () => {
    expect(() => PostgresStorage.schemaSql({ schema: 'a; DROP TABLE b' })).toThrow('schema must be a name');
  });
});
