import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { KeyPattern } from '../src/key-pattern.ts';

describe('a pattern of keys', () => {
  it('matches what a regular expression with .+ for each parameter matches', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 5 }),
        fc.array(text, { maxLength: 6 }),
        (literals, parts) => {
          const pattern = new KeyPattern(literals.join('{x}'));
          const key = parts.join('');
          expect(pattern.matches(key)).toBe(new RegExp(`^${literals.join('.+')}$`, 's').test(key));
        },
      ),
      { numRuns: 5000 },
    );
  });
});
