import { describe, expect, it } from 'vitest';

import { FewValues, maxValueLength, otherValue } from '../src/index.ts';

function values(room: number, known: readonly string[] = []) {
  const fresh: string[] = [];
  let folds = 0;
  const few = new FewValues(known, room, { onFold: () => (folds += 1), onNew: (value) => fresh.push(value) });
  return { few, fresh, folds: () => folds };
}

describe('values of an attribute that may take few', () => {
  it('beyond the cap are one, and each observation of it is counted', () => {
    const { few, fresh, folds } = values(2);
    expect(['a', 'b', 'c', 'a', 'd'].map((value) => few.resolve(value))).toEqual(['a', 'b', '_other', 'a', '_other']);
    expect([fresh, folds(), otherValue]).toEqual([['a', 'b'], 2, '_other']);
  });

  it('that are known use up no room, and what is admitted is there without', () => {
    const { few, fresh } = values(0, ['known']);
    few.admit('declared');
    few.admit('declared');
    expect(['known', 'declared', 'new'].map((value) => few.taken(value))).toEqual(['known', 'declared', undefined]);
    expect(fresh).toEqual(['declared']);
  });

  it.each([undefined, null, 42, '', {}, []])('that are no text (%j) are "unknown"', (given) => {
    expect(values(1).few.resolve(given)).toBe('unknown');
  });

  it('that begin alike for 200 characters are one, and none is half a character', () => {
    const { few, fresh } = values(10);
    for (const end of ['x', 'y']) few.resolve('a'.repeat(maxValueLength) + end);
    for (const half of ['\uD800', '\uD801']) few.resolve(half);
    few.resolve(`${'b'.repeat(maxValueLength - 1)}🔒`);
    expect(fresh).toEqual(['a'.repeat(maxValueLength), '\uFFFD', `${'b'.repeat(maxValueLength - 1)}\uFFFD`]);
  });
});
