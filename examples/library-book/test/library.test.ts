import { expect, test } from 'vitest';

import { createLibrary, NoCopyLeftError } from '../src/library.ts';

const reader = { name: 'borrow', headers: {}, signal: new AbortController().signal } as const;

test('row 101: a library is a plain function of what it needs, and does not compile without', () => {
  const said: string[] = [];
  const { borrow } = createLibrary({ copies: new Map([['Emma', 1]]), say: (text) => said.push(text) });
  const wish = { title: 'Emma', reader: 'alice' };
  expect(borrow?.(wish, reader)).toEqual({ title: 'Emma', copiesLeft: 0 });
  expect(() => borrow?.(wish, reader)).toThrow(NoCopyLeftError);
  expect(said).toEqual(['alice has "Emma"']);
  // @ts-expect-error nobody says what it does
  expect(createLibrary({ copies: new Map() })).toBeTypeOf('object');
  // @ts-expect-error it has no shelves
  expect(createLibrary({ say: () => {} })).toBeTypeOf('object');
});
