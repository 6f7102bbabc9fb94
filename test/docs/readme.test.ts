import { beforeAll, describe, expect, it } from 'vitest';

import { compileBlocks } from './compile-blocks.ts';
import type { Compiled } from './compile-blocks.ts';
import { blocksOf, readmeBlocks } from './readme-blocks.ts';

describe('TypeScript in the READMEs', () => {
  const blocks = readmeBlocks();
  let compiled: Compiled;

  beforeAll(async () => {
    compiled = await compileBlocks(blocks, 'readme');
  }, 120_000);

  blocks.forEach((block, at) => {
    it(`${block.file}:${block.line} compiles`, () => {
      expect(block.info, 'a block that is not checked is not allowed').toBe('');
      expect(compiled.problems[at]).toEqual([]);
    });
  });

  it('compiles against sources that compile', () => {
    expect(compiled.elsewhere).toEqual([]);
  });
});

describe('the check', () => {
  const readme = [
    '# Title',
    '```ts',
    'const a: number = 1;',
    'const b: string = a;',
    '```',
    '<!-- ts-setup',
    'declare const given: number;',
    '-->',
    '',
    '```ts no-check',
    'await Promise.resolve(given);',
    '```',
    '- in a list',
    '  ```typescript',
    "  import { noSuchName } from '@lockscope/core';",
    '  ```',
    '```sh',
    'npm test',
    '```',
  ].join('\n');

  it('reports a planted error with the line of the README', async () => {
    const blocks = blocksOf('planted/README.md', readme);
    expect(blocks.map(({ line, info }) => [line, info])).toEqual([
      [3, ''],
      [11, 'no-check'],
      [15, ''],
    ]);
    const { problems } = await compileBlocks(blocks, 'planted');
    expect(problems).toEqual([
      [expect.stringMatching(/^planted\/README\.md:4: error TS2322/)],
      [],
      [expect.stringMatching(/^planted\/README\.md:15: error TS2305.*noSuchName/)],
    ]);
  }, 120_000);
});
