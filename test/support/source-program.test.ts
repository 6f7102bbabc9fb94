import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

import { expect, it, vi } from 'vitest';

import { sourceProgram } from './source-program.ts';

it.each(['ends', 'is killed'] as const)(
  'a program that was made of sources is gone soon after the process that made it %s',
  async (how) => {
    const maker = await sourceProgram(new URL('programs/makes-a-program.ts', import.meta.url));
    const child = spawn(process.execPath, [maker], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [path] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    expect(existsSync(path)).toBe(true);
    if (how === 'ends') child.stdin.end();
    else child.kill('SIGKILL');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(how === 'ends' ? 0 : null);
    // Another process removes it, when it sees that this one is gone.
    await vi.waitFor(() => expect(existsSync(dirname(path))).toBe(false), 5_000);
    expect(existsSync(maker)).toBe(true);
  },
);
