import { describe, expect, it } from 'vitest';

import { fencedHeaders, fencedSql, InvalidOptionsError, type FencedSqlOptions } from '../src/index.ts';
import { makeWorld } from './support/world.ts';

describe('the guard of a write', () => {
  it('takes the token of a held lock', async () => {
    const { locks } = makeWorld();
    const lock = await locks.acquire('a');
    expect(fencedSql(lock)).toEqual({
      set: 'fencing_token = ?',
      where: 'COALESCE(fencing_token, 0) <= ?',
      token: lock.fencingToken,
    });
    expect(fencedHeaders(lock)).toEqual({ 'fencing-token': String(lock.fencingToken) });
    await lock.release();
  });

  it.each(['$1', '?1', ':token', '@token', '$token'])('can be written with the placeholder %s', (parameter) => {
    expect(fencedSql({ fencingToken: 7 }, { column: 'written_by', parameter })).toEqual({
      set: `written_by = ${parameter}`,
      where: `COALESCE(written_by, 0) <= ${parameter}`,
      token: 7,
    });
  });

  it.each([
    ['a column that would change the statement', { column: 'x = 1; DROP TABLE orders; --' }, 'column must be a name'],
    ['a column with a dot', { column: 'orders.token' }, 'column must be a name'],
    ['a placeholder that is a value', { parameter: '7' }, 'parameter must be a placeholder'],
    ['a placeholder that would change the statement', { parameter: '$1 OR TRUE' }, 'parameter must be a placeholder'],
    ['an option that there is not', { table: 'orders' }, 'there is no option "table"'],
  ])('is not made of %s', (_what, options, problem) => {
    const make = (): unknown => fencedSql({ fencingToken: 7 }, options as FencedSqlOptions);
    expect(make).toThrow(InvalidOptionsError);
    expect(make).toThrow(problem);
  });

  it.each([Number.NaN, -1, 1.5, 2 ** 53, '7', undefined])('is not made of a token that is none: %s', (fencingToken) => {
    const fenced = { fencingToken } as { fencingToken: number };
    expect(() => fencedSql(fenced)).toThrow('fencingToken must be a whole number of at least 0');
    expect(() => fencedHeaders(fenced)).toThrow(InvalidOptionsError);
  });
});
