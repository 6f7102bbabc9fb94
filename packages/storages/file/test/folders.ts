import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty folder. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'lockscope-file-'));
}

export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** An empty folder that is removed with the test. */
export function newFolder(): string {
  const path = makeFolder();
  onTestFinished(() => removeFolder(path));
  return path;
}
