import { expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { newSchema, openStorage, run } from './schemas.ts';
import { collect, request, taken } from '../../../../test/support/requests.ts';

const foreign = { code: 'FOREIGN_RECORD', key: 'k' };

const damages: Readonly<Record<string, string>> = {
  'a holder that is not JSON': "holder = 'not json'",
  'a holder that is cut off': 'holder = left(holder, 9)',
  'a holder of another kind': "holder = '[1,2]'",
  'a holder without an owner': `holder = '{"host":"h"}'`,
  'a holder whose owner is a number': `holder = '{"ownerId":7}'`,
  'a huge holder': `holder = '{"ownerId":"' || repeat('x', 1000000) || '"}'`,
  'no holder': 'holder = NULL',
  'no lease': 'lease_id = NULL',
  'a token below 1': 'token = -1',
  'a token that no number can hold': 'token = 9223372036854775807',
  'a lease without an end': 'expires_at = 9223372036854775807',
};

describeWith(['postgres', 'initdb'], 'a row that is not one of Lockscope', () => {
  for (const [what, change] of Object.entries(damages)) {
    test(`with ${what} is told by name, frees nobody's lock and is left as it is`, async () => {
      const schema = newSchema();
      const storage = await openStorage({ schema });
      await taken(storage, 'k', 'holder');
      await taken(storage, 'other', 'holder');
      await run(`UPDATE ${schema}.locks SET ${change} WHERE key = 'k'`);
      const row = () => run(`SELECT * FROM ${schema}.locks WHERE key = 'k'`);
      const before = await row();
      await expect(storage.acquire(request('k', 'new'))).rejects.toMatchObject(foreign);
      await expect(storage.acquire(request('k', 'new', { waitMs: 1000 }))).rejects.toMatchObject(foreign);
      await expect(storage.read('k')).rejects.toMatchObject(foreign);
      await expect(storage.renew('k', 'holder', 1000)).rejects.toMatchObject(foreign);
      await expect(storage.release('k', 'holder')).rejects.toMatchObject(foreign);
      await expect(storage.forceRelease('k')).rejects.toMatchObject(foreign);
      await storage.leave('k', 'holder');
      expect(await row()).toEqual(before);
      expect((await collect(storage.list())).map(({ record }) => record.key)).toEqual(['other']);
      expect(await run(`SELECT FROM ${schema}.waiters`)).toEqual([]);
    });
  }

  test('among those who share a lock keeps others out as well', async () => {
    const schema = newSchema();
    const storage = await openStorage({ schema });
    await taken(storage, 'k', 'a', { share: 3 });
    await taken(storage, 'k', 'b', { share: 3 });
    await run(`UPDATE ${schema}.sharers SET holder = 'x' WHERE lease_id = 'b'`);
    await expect(storage.acquire(request('k', 'c', { share: 3 }))).rejects.toMatchObject(foreign);
    await expect(storage.forceRelease('k')).rejects.toMatchObject(foreign);
  });

  test('that tells who came before or waits is left out', async () => {
    const schema = newSchema();
    const storage = await openStorage({ schema });
    await taken(storage, 'k', 'a');
    await storage.release('k', 'a');
    await run(`UPDATE ${schema}.locks SET previous = 'x'`);
    expect(await storage.acquire(request('k', 'b'))).toMatchObject({ acquired: true, previous: undefined });
    await storage.acquire(request('k', 'w', { waitMs: 10_000, behind: [{ holder: { ownerId: 'o' }, waitedMs: 5 }] }));
    await run(`UPDATE ${schema}.waiters SET behind = '[[7,"x"],[{"ownerId":"p"},1e999],3]'`);
    expect((await storage.read('k')).waiters).toHaveLength(1);
    await run(`UPDATE ${schema}.waiters SET holder = '[]'`);
    expect((await storage.read('k')).waiters).toEqual([]);
  });
});
