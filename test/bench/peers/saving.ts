import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Results } from './results.ts';

/**
 * Saves what was measured. What the file had of other measurements stays, so that one that was too noisy can be done
 * again by itself; but only beside what was measured on the same machine with the same versions.
 */
export function saveInto(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true });
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : undefined;
  const known = before !== undefined && settingOf(before) === settingOf(results) ? before.measurements : [];
  const done = new Set(results.measurements.map(({ id }) => id));
  const measurements = [...known.filter(({ id }) => !done.has(id)), ...results.measurements];
  writeFileSync(file, `${JSON.stringify({ ...results, measurements }, undefined, 1)}\n`);
}

function settingOf({ node, cpus, versions }: Results): string {
  return JSON.stringify([node, cpus, versions]);
}
