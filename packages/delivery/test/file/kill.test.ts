import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { sourceProgram } from '../../../../test/support/source-program.ts';
import { FileSink } from '../../src/file/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockscope-file-kill-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a process that is killed while it writes', () => {
  let program: string;
  beforeAll(async () => {
    program = await sourceProgram(new URL('programs/writes-for-ever.ts', import.meta.url));
  }, 60_000);

  it.each(['never', 'interval', 'always'])(
    'has lost nothing that was committed, and left files that can be read (fsync %s)',
    async (fsync) => {
      const path = join(folder, 'events.jsonl');
      for (let round = 0; round < 3; round += 1) {
        const child = spawn(process.execPath, [program, path, fsync], { stdio: ['ignore', 'pipe', 'inherit'] });
        let said = '';
        let lines = 0;
        await new Promise<void>((resolve, reject) => {
          child.once('error', reject);
          child.once('close', () => resolve());
          child.stdout.setEncoding('utf8').on('data', (text: string) => {
            said += text;
            lines += 1;
            if (lines === 10 + round * 7) child.kill('SIGKILL');
          });
        });
        const committed = Number(said.trimEnd().split('\n').at(-1));
        expect(committed).toBeGreaterThan(0);
        // Opening the file again repairs its end.
        const sink = new FileSink<unknown>({ path });
        await sink.write({ n: 'after' });
        await sink.close();
        const found = await everyLine(folder);
        expect(found.slice(0, committed + 1)).toEqual(Array.from({ length: committed + 1 }, (_, n) => n));
        expect(found.at(-1)).toBe('after');
        await rm(folder, { recursive: true });
        await mkdir(folder);
      }
    },
    60_000,
  );
});

describe('a process without the rights', () => {
  it('is told so, and goes on', async () => {
    const program = await sourceProgram(new URL('programs/without-rights.ts', import.meta.url));
    const open = await mkdtemp(join(tmpdir(), 'lockscope-file-open-'));
    const denied = process.getuid?.() === 0 ? join(folder, 'x.jsonl') : '/proc/lockscope.jsonl';
    const run = promisify(execFile);
    await run('chmod', ['700', folder]);
    await run('chmod', ['777', open]);
    try {
      const { stdout } = await run(process.execPath, [program, denied, join(open, 'y.jsonl')], { timeout: 60_000 });
      expect(stdout.trim()).toMatch(/^open (EACCES|ENOENT), written$/);
    } finally {
      await rm(open, { recursive: true, force: true });
    }
  }, 60_000);
});

describe('a file that cannot grow any more', () => {
  it('has no part of the event that did not fit, and takes one that does', async () => {
    const program = await sourceProgram(new URL('programs/until-full.ts', import.meta.url));
    const path = join(folder, 'events.jsonl');
    // 20 blocks: some ten events, and then a part of one.
    const command = 'ulimit -f 20; exec "$0" "$@"';
    const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, program, path], {
      timeout: 60_000,
    });
    const [committed, operation, reason] = stdout.trim().split(' ');
    expect([operation, reason]).toEqual(['write', 'EFBIG']);
    const numbers = await everyLine(folder);
    expect(numbers).toEqual(Array.from({ length: Number(committed) + 1 }, (_, n) => n));
    expect(numbers.length).toBeGreaterThan(5);
  }, 60_000);
});

describe('a process that leaves its file open', () => {
  it('ends all the same when it has nothing else to do', async () => {
    const program = await sourceProgram(new URL('programs/stays-open.ts', import.meta.url));
    const path = join(folder, 'events.jsonl');
    const { stdout } = await promisify(execFile)(process.execPath, [program, path], { timeout: 60_000 });
    expect(stdout.trim()).toBe('written');
    expect(await everyLine(folder)).toEqual([1]);
  }, 60_000);
});

/** The numbers of all lines of all files, the oldest first; fails when a line cannot be read. */
async function everyLine(from: string): Promise<unknown[]> {
  const age = (name: string): number => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
  const names = (await readdir(from)).toSorted((a, b) => age(b) - age(a));
  const texts = await Promise.all(names.map((name) => readFile(join(from, name), 'utf8')));
  return texts.flatMap((text) => {
    expect(text.endsWith('\n')).toBe(true);
    return text
      .slice(0, -1)
      .split('\n')
      .map((line) => (JSON.parse(line) as { n: unknown }).n);
  });
}
