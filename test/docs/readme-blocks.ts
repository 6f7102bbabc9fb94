import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { filesBelow, root } from '../support/workspace.ts';

/** One fenced TypeScript block of a README. */
export type Block = {
  /** From the root. */
  readonly file: string;
  /** Line of its first line of code. */
  readonly line: number;
  /** What stands after the language: `no-check`, for one. Nothing is allowed there. */
  readonly info: string;
  readonly code: string;
  /** Code that the block needs and the reader does not: from the comment `<!-- ts-setup ... -->` right above it. */
  readonly setup: string;
};

/** Every TypeScript block of every README of this repository. */
export function readmeBlocks(): Block[] {
  return filesBelow('.', 'README.md').flatMap((file) => blocksOf(file, readFileSync(join(root, file), 'utf8')));
}

export function blocksOf(file: string, text: string): Block[] {
  const blocks: Block[] = [];
  const fence = /^([ \t]*)(`{3,}|~{3,})(?:ts|tsx|typescript|mts)\b([^\n]*)\n([\s\S]*?)^[ \t]*\2[ \t]*$/gm;
  for (const match of text.matchAll(fence)) {
    const [, indent = '', , info = '', code = ''] = match;
    const before = text.slice(0, match.index);
    const setup = /<!--\s*ts-setup\b((?:(?!-->)[\s\S])*)-->\s*$/.exec(before)?.[1] ?? '';
    blocks.push({
      file,
      line: before.split('\n').length + 1,
      info: info.trim(),
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      setup: setup.trim().replaceAll(/\s*\n\s*/g, ' '),
    });
  }
  return blocks;
}
