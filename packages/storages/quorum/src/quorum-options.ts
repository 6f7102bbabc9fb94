import {
  monotoneClock,
  StorageOptionsError,
  systemClock,
  unknownOptions,
  type Clock,
  type LockStorage,
} from '@lockscope/storage';
import { Voter } from './voter.ts';

/** Options of `quorum`. */
export interface QuorumOptions {
  /** What the storages are called in votes, in their order. Default: their kind and number, `redis-1`. */
  readonly names?: readonly string[];
  /**
   * How long a storage may take to answer before its vote counts as late. A storage that is gone costs this much only
   * when the others do not decide without it. Shorter finds the end of a hopeless vote sooner, longer bears slower
   * networks. Milliseconds, from 1, default 500.
   */
  readonly nodeTimeoutMs?: number;
  /**
   * How much faster than this process's clock a storage's clock may run, as a part of one: leases on the storages are
   * longer than the holder counts on by that part and 2 ms. 0 switches both off, for storages that go by this process's
   * clock. From 0, below 1, default 0.01.
   */
  readonly driftFactor?: number;
  /** For tests. Default: the clock of this process. */
  readonly clock?: Clock;
}

/** The options do not fit; `problems` has all that is wrong with them. */
export class QuorumOptionsError extends StorageOptionsError {
  constructor(problems: readonly string[]) {
    super('quorum', problems);
    this.name = 'QuorumOptionsError';
  }
}

/** @internal */
export interface ResolvedOptions {
  readonly voters: readonly Voter[];
  readonly nodeTimeoutMs: number;
  readonly driftFactor: number;
  readonly clock: Clock;
}

const known = new Set(['names', 'nodeTimeoutMs', 'driftFactor', 'clock']);
const methods = ['acquire', 'renew', 'release', 'forceRelease', 'read', 'list', 'close'] as const;
const maxTimeoutMs = 2 ** 31 - 1;

/** @internal Fills in and checks, once; all problems in one error. */
export function resolveOptions(storages: readonly LockStorage[], options: QuorumOptions): ResolvedOptions {
  const problems = unknownOptions(options, known);
  const { names, nodeTimeoutMs = 500, driftFactor = 0.01, clock = systemClock } = options;
  const usable = checkStorages(storages, problems);
  if (names !== undefined) checkNames(names, usable.length, problems);
  if (!(typeof nodeTimeoutMs === 'number' && nodeTimeoutMs >= 1 && nodeTimeoutMs <= maxTimeoutMs))
    problems.push(`nodeTimeoutMs must be from 1 to ${maxTimeoutMs}, got ${String(nodeTimeoutMs)}`);
  if (!(typeof driftFactor === 'number' && driftFactor >= 0 && driftFactor < 1))
    problems.push(`driftFactor must be from 0 and below 1, got ${String(driftFactor)}`);
  if (problems.length > 0) throw new QuorumOptionsError(problems);
  const voters = usable.map((storage, index) => new Voter(names?.[index] ?? `${storage.name}-${index + 1}`, storage));
  return { voters, nodeTimeoutMs, driftFactor, clock: monotoneClock(clock) };
}

function checkStorages(storages: unknown, problems: string[]): readonly LockStorage[] {
  if (!Array.isArray(storages) || storages.length === 0) {
    problems.push('storages must be a list of at least one lock storage');
    return [];
  }
  const list = storages as readonly LockStorage[];
  for (const [index, storage] of list.entries()) {
    const methodsOf = Object(storage) as Readonly<Record<string, unknown>>;
    if (methods.some((name) => typeof methodsOf[name] !== 'function'))
      problems.push(`storages[${index}] must be a lock storage, got ${typeof storage}`);
    else if (list.indexOf(storage) !== index)
      problems.push(`storages[${index}] is the same as storages[${list.indexOf(storage)}], and one has one vote`);
  }
  return list;
}

function checkNames(names: unknown, count: number, problems: string[]): void {
  const list: readonly unknown[] = Array.isArray(names) ? names : [];
  if (list.length !== count || list.some((name) => typeof name !== 'string' || name === ''))
    problems.push(`names must be ${count} texts, one for each storage`);
  else if (new Set(list).size !== count) problems.push('names must differ from each other');
}
