import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Block } from './readme-blocks.ts';

export type Compiled = {
  /** What the compiler says about each block, in the order of the blocks, with lines of the README. */
  readonly problems: readonly (readonly string[])[];
  /** What it says about anything else: a source that does not compile, a setting. */
  readonly elsewhere: readonly string[];
};

const here = fileURLToPath(new URL('.', import.meta.url));

/** Compiles all blocks in one run, strictly and against the sources of the packages. */
export async function compileBlocks(blocks: readonly Block[], name: string): Promise<Compiled> {
  // Below test/, so that a block finds what test/package.json declares, just as a reader has it installed.
  const parent = join(here, '..', '.tmp');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, `${name}-`));
  try {
    return await compileIn(folder, blocks);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compileIn(folder: string, blocks: readonly Block[]): Promise<Compiled> {
  blocks.forEach((block, at) => {
    // The setup stands on one line, so that a line of the file is a line of the README, shifted.
    writeFileSync(join(folder, `block-${at}.ts`), `${block.setup} export {};\n${block.code}`);
  });
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config, undefined, 2));

  const output = blocks.length === 0 ? '' : await tsc(folder);
  const problems: string[][] = blocks.map(() => []);
  const elsewhere: string[] = [];
  for (const entry of output.split(/\n(?=\S)/).filter((line) => line.trim() !== '')) {
    const match = /^(?:.*[/\\])?block-(\d+)\.ts[(:](\d+)[,:](\d+)\)?(?: - |: )([\s\S]*)$/.exec(entry);
    const block = blocks[Number(match?.[1])];
    if (match === null || block === undefined) elsewhere.push(entry.trim());
    else {
      const line = Number(match[2]) - 2 + block.line;
      problems[Number(match[1])]?.push(`${block.file}:${line < block.line ? 'ts-setup' : line}: ${match[4]?.trim()}`);
    }
  }
  return { problems, elsewhere };
}

const config = {
  extends: '../../../tsconfig.test.json',
  compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, customConditions: ['@lockscope/source'] },
  include: ['*.ts'],
  exclude: [],
};

function tsc(folder: string): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve('typescript/package.json');
  const bin = join(dirname(manifest), 'bin', 'tsc');
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [bin, '-p', '.', '--pretty', 'false'],
      { cwd: folder, maxBuffer: 64e6 },
      (error, stdout, stderr) => {
        const silent = error !== null && stdout.trim() === '';
        if (silent) reject(new Error(`tsc did not run: ${stderr || error.message}`));
        else resolve(stdout);
      },
    );
  });
}
