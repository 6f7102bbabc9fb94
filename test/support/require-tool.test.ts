import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, it, vi } from 'vitest';

import { requireTool } from './require-tool.ts';

const folders: string[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folderWith(name: string, mode: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockscope-tool-'));
  folders.push(folder);
  writeFileSync(join(folder, name), '#!/bin/sh\n');
  chmodSync(join(folder, name), mode);
  return folder;
}

it('finds a binary in PATH under any of its names', () => {
  const folder = folderWith('chromium-browser', 0o755);
  vi.stubEnv('PATH', folder);
  expect(requireTool('chromium')).toEqual({ name: 'chromium', path: join(folder, 'chromium-browser') });
});

it('names what is missing and how to get it', () => {
  vi.stubEnv('PATH', folderWith('chromium', 0o644));
  expect(requireTool('chromium').missing).toContain('chromium is not installed');
  expect(requireTool('no-such-tool').missing).toContain('NO_SUCH_TOOL_BIN');
});

it('believes the environment before PATH, and says when it is wrong', () => {
  const folder = folderWith('mine', 0o755);
  vi.stubEnv('REDIS_SERVER_BIN', join(folder, 'mine'));
  expect(requireTool('redis-server').path).toBe(join(folder, 'mine'));
  vi.stubEnv('REDIS_SERVER_BIN', join(folder, 'gone'));
  expect(requireTool('redis-server').missing).toContain('REDIS_SERVER_BIN');
});
