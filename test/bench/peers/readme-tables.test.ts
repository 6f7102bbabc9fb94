import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { savedResults, readmes, withTables } from '../../../scripts/bench-tables.mjs';

describe('tables of the bench in READMEs', () => {
  it('are those of the newest results; if not: node scripts/bench-tables.mjs', () => {
    const results = savedResults();
    for (const file of readmes()) {
      const readme = readFileSync(file, 'utf8');
      expect(withTables(readme, results), file).toBe(readme);
    }
  });

  it('say with which versions and how much noise they were measured', () => {
    const asked = '<!-- bench redis-handover: written by scripts/bench-tables.mjs -->\n<!-- /bench -->';
    const text = withTables(asked, savedResults());
    expect(text).toMatch(/The base, entered twice, was off from itself by [\d.]+ %\./);
    expect(text).toMatch(/Measured \d{4}-\d\d-\d\d with Node [\d.]+, redis-server [\d.]+/);
  });

  it('cannot ask for what was not measured', () => {
    const asked = '<!-- bench no-such: written by scripts/bench-tables.mjs -->\n<!-- /bench -->';
    expect(() => withTables(asked, savedResults())).toThrow('no measurement no-such is saved');
  });
});
