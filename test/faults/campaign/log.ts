import { openSync, readFileSync, writeSync } from 'node:fs';

/**
 * What a client process writes down, one JSON text a line, as it happens: a process that is killed has written all
 * that it did. `at` is nanoseconds of the machine's monotonic clock, which all processes share.
 */
export type Line =
  /** It asks for a lock and means to wait for so long. */
  | { readonly is: 'ask'; readonly id: number; readonly key: string; readonly waitMs: number; readonly at: number }
  /** It was told that it holds the lock, and at `at` it did. */
  | { readonly is: 'held'; readonly id: number; readonly token: number; readonly at: number }
  /** At `at` it still held the lock, as far as it could know. */
  | { readonly is: 'still'; readonly id: number; readonly at: number }
  /** It did not get the lock, or holds it no more. `how` is `released`, or the code of what it was told. */
  | { readonly is: 'end'; readonly id: number; readonly how: string; readonly at: number }
  /** Its event loop did not turn since `from`. */
  | { readonly is: 'blocked'; readonly id: 0; readonly from: number; readonly at: number };

/** The machine's monotonic clock in nanoseconds. On Linux it is one for all processes. */
export function machineTime(): number {
  return Number(process.hrtime.bigint());
}

/** Writes lines to a file, each at once. */
export function logTo(path: string): (line: Line) => void {
  const file = openSync(path, 'a');
  return (line) => void writeSync(file, `${JSON.stringify(line)}\n`);
}

/** The lines of a file. A last line without its end was being written when its process was killed: it is left out. */
export function readLog(path: string): Line[] {
  const complete = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return complete.map((text) => JSON.parse(text) as Line);
}
