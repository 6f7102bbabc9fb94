import { readFileSync } from 'node:fs';

import { MemoryStorage } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import * as api from '../src/index.ts';
import { createLocks, defaults, type InvalidOptionsError } from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** The names in the first column of the table that follows a mark. */
function namesAfter(mark: string): string[] {
  const [, rest = ''] = readme.split(mark);
  const rows = rest.trim().split('\n');
  const end = rows.findIndex((row) => !row.startsWith('|'));
  return rows
    .slice(2, end)
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ''));
}

/** What the code knows: the error about an option that does not exist lists them. */
async function known(where: 'createLocks' | 'acquire'): Promise<string[]> {
  const odd = { 'no such option': 1 } as never;
  const storage = new MemoryStorage();
  const error =
    where === 'acquire'
      ? await createLocks({ storage })
          .acquire('a', odd)
          .catch((thrown: unknown) => thrown)
      : await Promise.resolve()
          .then(() => createLocks({ storage, ...(odd as object) }))
          .catch((thrown: unknown) => thrown);
  const [, names = ''] = /known are (.*)$/.exec((error as InvalidOptionsError).problems[0] ?? '') ?? [];
  return names.split(', ');
}

describe('the README', () => {
  it.each(['createLocks', 'acquire'] as const)('has every option of %s in its table, and no other', async (where) => {
    expect(namesAfter(`<!-- options: ${where} -->`).toSorted()).toEqual((await known(where)).toSorted());
  });

  it('states the defaults that the code has', () => {
    const { leaseMs, waitMs, poll, reentrancy } = defaults;
    const number = (n: number): string => n.toLocaleString('en-US');
    expect(readme).toContain(`| \`leaseMs\` | ${number(leaseMs)} |`);
    expect(readme).toContain(`| \`waitMs\` | ${number(waitMs)} |`);
    expect(readme).toContain(`| \`poll\` | \`{ minMs: ${poll.minMs}, maxMs: ${poll.maxMs} }\` |`);
    expect(readme).toContain(`| \`reentrancy\` | \`'${reentrancy}'\` |`);
  });

  it('names every error by its code and its class', () => {
    const classes = Object.keys(api).filter((name) => name.endsWith('Error') && name !== 'LockError');
    const source = readFileSync(new URL('../src/errors.ts', import.meta.url), 'utf8');
    const codes = [...source.matchAll(/readonly code = '(\w+)'/g)].map(([, code]) => code);
    expect(codes).toHaveLength(classes.length - 1);
    for (const name of [...classes, ...codes, 'INVALID_OPTIONS']) expect(readme).toContain(`| \`${name}\` |`);
  });
});
