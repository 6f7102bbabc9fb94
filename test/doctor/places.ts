import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Finding, LockStorage } from '@lockscope/storage';

/** Undone after each test, last first. */
export type After = (undo: () => unknown) => void;

/** A folder that is gone after the test. */
export function newFolder(after: After): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockscope-doctor-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'locks'));
  return folder;
}

/** A storage that is closed after the test. */
export function closed<S extends LockStorage>(after: After, storage: S): S {
  after(() => storage.close());
  return storage;
}

/** What is not fine: how bad, and what was looked at. */
export function sick(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ level, check }) => (level === 'ok' ? [] : [`${level} ${check}`])).toSorted();
}
