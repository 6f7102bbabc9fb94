import { expect, it } from 'vitest';

import { StorageOptionsError, unknownOptions } from '../src/index.ts';

it('options that do not fit are told all at once, and of whom', () => {
  const problems = [...unknownOptions({ path: 'a', psth: 'b' }, new Set(['path'])), 'path must be a folder, got a'];
  const error = new StorageOptionsError('MyStorage', problems);
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({ code: 'INVALID_OPTIONS', problems });
  expect(error.message).toBe(
    'the options of MyStorage do not fit: there is no option "psth"; known are path; path must be a folder, got a',
  );
});
