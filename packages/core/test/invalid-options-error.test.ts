import { expect, it } from 'vitest';

import { InvalidOptionsError } from '../src/index.ts';

it('options that cannot work are one error with a code, which names all of them', () => {
  const error = new InvalidOptionsError(['leaseMs must be above 0, got -1', 'storage must be given']);
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({
    name: 'InvalidOptionsError',
    code: 'INVALID_OPTIONS',
    message: 'leaseMs must be above 0, got -1; storage must be given',
    problems: ['leaseMs must be above 0, got -1', 'storage must be given'],
  });
});
