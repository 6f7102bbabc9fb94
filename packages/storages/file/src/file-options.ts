import { resolve } from 'node:path';
import { systemClock, unknownOptions } from '@lockscope/storage';
import { FileOptionsError } from './errors.ts';
import { machineClock, type MachineClock } from '@lockscope/storage/machine-clock';

/** Options of `FileStorage`. */
export interface FileStorageOptions {
  /** The folder. It has to exist, and should have nothing else in it. */
  readonly path: string;
  /**
   * True when processes of several machines use the folder, over a network file system. Then the clock of the file
   * server counts, and all that use the folder have to say so. Default false.
   */
  readonly shared?: boolean;
  /**
   * How far apart the readings of the file server's clock may be that two machines take. A lease that ran out is kept
   * for so much longer before somebody else gets the lock. Only with `shared`. Milliseconds, default 1,000.
   */
  readonly clockToleranceMs?: number;
  /**
   * How long an operation tries again while others change the same lock. Longer gets through denser traffic, shorter
   * tells sooner of it. Milliseconds, default 5,000.
   */
  readonly busyTimeoutMs?: number;
  /**
   * For tests. Its `monotonic()` has to be the same for all that share the folder, so the `systemClock` of Lockscope,
   * which starts with each process, is refused. Default `machineClock`.
   */
  readonly clock?: MachineClock;
}

/** @internal */
export type ResolvedOptions = Required<FileStorageOptions>;

const known = new Set(['path', 'shared', 'clockToleranceMs', 'busyTimeoutMs', 'clock']);
const maxMs = 2 ** 31 - 1;

/** @internal Fills in and checks, once; all problems in one error. */
export function resolveOptions(options: FileStorageOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) throw new FileOptionsError(['give a path']);
  const problems = unknownOptions(options, known);
  const { path, shared = false, clockToleranceMs, busyTimeoutMs = 5000, clock = machineClock } = options;
  if (typeof path !== 'string' || path === '') problems.push(`path must be the name of a folder, got ${path}`);
  if (typeof shared !== 'boolean') problems.push(`shared must be true or false, got ${String(shared)}`);
  if (clockToleranceMs !== undefined && !shared) problems.push('clockToleranceMs goes with shared: true');
  checkMs('clockToleranceMs', clockToleranceMs ?? 0, problems);
  checkMs('busyTimeoutMs', busyTimeoutMs, problems);
  if ((clock as unknown) === systemClock)
    problems.push('clock must not be systemClock, whose monotonic() differs from process to process');
  if (problems.length > 0) throw new FileOptionsError(problems);
  return Object.freeze({
    path: resolve(path),
    shared,
    clockToleranceMs: shared ? (clockToleranceMs ?? 1000) : 0,
    busyTimeoutMs,
    clock,
  });
}

function checkMs(name: string, value: unknown, problems: string[]): void {
  if (!(typeof value === 'number' && value >= 0 && value <= maxMs))
    problems.push(`${name} must be from 0 to ${maxMs}, got ${String(value)}`);
}
