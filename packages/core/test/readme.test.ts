import { readFileSync } from 'node:fs';

import { describe, expect, it, vi } from 'vitest';

import { withTables } from '../scripts/readme-tables.mjs';
import * as core from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it('has the tables that the catalogue has; if not: pnpm --filter @lockscope/core readme', () => {
    expect(withTables(readme, core)).toBe(readme);
  });

  it('begins with a sample that runs, and prints what it says', async () => {
    const [, code = '', printed] = /```ts\n([\s\S]*?)```\s+```text\n([\s\S]*?)```/.exec(readme) ?? [];
    const log = vi.fn<(line: string) => void>();
    // The only line of the sample that is not JavaScript as it stands in a function.
    const body = code.replace(/import (\{.*\}) from '@lockscope\/core';/, 'const $1 = core;');
    expect(body).not.toContain('import');
    // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
    new Function('core', 'console', body)(core, { log });
    expect(`${log.mock.calls.map(([line]) => line).join('\n')}\n`).toBe(printed);
  });

  it('shows a line of the wire form as it is written', () => {
    const [, line = ''] = /<!-- example line -->\n```json\n(.*)\n```/.exec(readme) ?? [];
    const event = core.decodeEvent(line);
    expect(event.type).toBe('lock.release');
    expect(core.encodeEvent(event)).toBe(line);
  });

  it('states the byte budget that is measured', () => {
    const manifest = readFileSync(new URL('../../../test/package.json', import.meta.url), 'utf8');
    const { 'size-limit': budgets } = JSON.parse(manifest) as { 'size-limit': { path: string; limit: string }[] };
    const stated = /at most (\d+(?:\.\d+)? kB), minified and compressed with brotli/.exec(readme)?.[1];
    expect(budgets.find(({ path }) => path.endsWith('packages/core/dist/index.js'))?.limit).toBe(stated);
  });

  it('explains the ten words', () => {
    const words = [
      'lock',
      'owner',
      'lease',
      'watchdog',
      'fencing token',
      'storage',
      'event',
      'action',
      'listener',
      'sink',
    ];
    const rows = [...readme.matchAll(/^\| ([a-z ]+) \| [A-Z].*\. \|$/gm)].map(([, word]) => word);
    expect(rows).toEqual(words);
  });

  it('says every method of a listener', () => {
    const methods = [...readme.matchAll(/^\| `(\w+)\(.*?\)` \|/gm)].map(([, method]) => method);
    const all: Readonly<Record<keyof Omit<core.Listener, 'name' | 'types'>, true>> = {
      on: true,
      onStart: true,
      onAction: true,
      onFault: true,
      around: true,
      traceparent: true,
    };
    expect(methods).toEqual(Object.keys(all));
  });
});

describe('the script that writes the tables', () => {
  it('replaces what stands between its marks, and nothing else', () => {
    const before = withTables(readme, core);
    const stale = before.replace('`lease.lost` | `lock`', '`lease.gone` | `lock`');
    expect(stale).not.toBe(before);
    expect(withTables(stale, core)).toBe(before);
  });

  it('refuses a README without its marks', () => {
    expect(() => withTables('# A title', core)).toThrow('the README needs');
  });
});
