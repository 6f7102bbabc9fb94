import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { PostgresStorage } from '../src/index.ts';
import { later, newSchema, openStorage, theServer } from './schemas.ts';

describeWith(['postgres', 'initdb'], 'an examination', () => {
  test('finds nothing in a server and a pool that are in order', async () => {
    await theServer({ persistent: true });
    const storage = await openStorage({ schema: newSchema() });
    const findings = await storage.examine();
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['writable', 'clock', 'notifications']));
  });

  test('finds a server that does not write, does not keep, or gives up too soon, and says what to do', async () => {
    const { url } = await theServer({ persistent: true });
    const settings = ['default_transaction_isolation=serializable', 'statement_timeout=900'];
    const options = settings.map((setting) => `-c%20${setting.replace('=', '%3D')}`).join('%20');
    const storage = await openStorage({
      connection: `${url}?options=${options}`,
      schema: newSchema(),
      durability: 'none',
    });
    const findings = await storage.examine();
    expect(findings.map(({ level, check }) => `${level}: ${check}`)).toEqual(
      expect.arrayContaining(['problem: isolation', 'warning: durability', 'warning: statement-timeout']),
    );
    for (const { level, remedy } of findings) if (level !== 'ok') expect(remedy).toMatch(/\w/);
  });

  test('finds a server that may only be read', async () => {
    const { url } = await theServer({ persistent: true });
    const schema = newSchema();
    await (await openStorage({ schema })).read('k');
    const connection = `${url}?options=-c%20default_transaction_read_only%3Don`;
    const storage = await openStorage({ connection, schema });
    expect(await storage.examine()).toContainEqual(expect.objectContaining({ level: 'problem', check: 'writable' }));
  });

  test('finds a pool of one connection, and one that waits for ever', async () => {
    const { url } = await theServer({ persistent: true });
    const pool = new Pool({ connectionString: url, max: 1 });
    later(() => pool.end());
    const storage = new PostgresStorage({ pool, schema: newSchema() });
    const messages = (await storage.examine()).map(({ message }) => message);
    expect(messages).toContainEqual(expect.stringContaining('the pool has one connection'));
    expect(messages).toContainEqual(expect.stringContaining('connectionTimeoutMillis is 0'));
    await storage.close();
  });

  test('finds that waiters are not told, where that is switched off', async () => {
    await theServer({ persistent: true });
    const storage = await openStorage({ schema: newSchema(), notifications: false });
    expect(await storage.examine()).toContainEqual(
      expect.objectContaining({ level: 'warning', check: 'notifications' }),
    );
  });
});
