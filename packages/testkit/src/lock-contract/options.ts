import { InvalidOptionsError } from '@lockscope/core';

/** A lock that somebody has. */
export interface TestableLock {
  /** Greater than that of every holder before. */
  readonly fencingToken?: number;
  release(): Promise<unknown>;
}

/**
 * What a lock library must offer to be put to the test; `Locks` of `@lockscope/storage-lock` fits as it is. `run` alone
 * will do; the other methods are stated in `abilities`.
 */
export interface TestableLocks {
  /** Runs the routine while the lock is held, and releases it on every way out. */
  run<T>(key: string, routine: () => Promise<T>): Promise<T>;
  /** Waits for the lock. */
  acquire?(key: string, options?: TestableAcquireOptions): Promise<TestableLock>;
  /** Does not wait: undefined when somebody has the lock. */
  tryAcquire?(key: string): Promise<TestableLock | undefined>;
  close?(): Promise<unknown>;
}

/** How an acquire may be cut short. */
export interface TestableAcquireOptions {
  /** Rejects when it was busy for so many milliseconds. */
  readonly waitMs?: number;
  /** Rejects when it fires. */
  readonly signal?: AbortSignal;
}

/** What the locks can do beside `run`. What is stated to be there is tested, and the rest is listed as missing. */
export interface LockAbilities {
  readonly acquire: boolean;
  readonly tryAcquire: boolean;
  /** `acquire` takes `waitMs`. */
  readonly waitMs: boolean;
  /** `acquire` takes `signal`. */
  readonly signal: boolean;
  /** Locks carry a `fencingToken` that rises. */
  readonly tokens: boolean;
  /** Who waits in one process is served first come, first served. */
  readonly fair: boolean;
}

/** What `create` gives: locks on data of their own, and beside them whatever the verbs need. */
export interface LockSetup {
  readonly locks: TestableLocks;
}

/** How the cases with several processes make locks there. */
export interface LockProcesses<S extends LockSetup> {
  /** A module that exports `makeLocks(data)`, which gives locks, or a promise of them, on the data of the setup. */
  readonly module: URL;
  /** What `makeLocks` is given in every process; it has to survive JSON. */
  readonly data?: (setup: S) => unknown;
  /** How many processes contend. Default 3. */
  readonly count?: number;
  /** How many contend in each of them, a turn each. Default 20. */
  readonly contenders?: number;
  /** The longest time after which a lock is free whose holder was killed, in milliseconds. Without it nobody is killed. */
  readonly leaseMs?: number;
  /** Options of Node for the processes, such as a loader. Default none. */
  readonly execArgv?: readonly string[];
}

/** Options of `lockContract`. */
export interface LockContractOptions<S extends LockSetup> {
  /** Makes locks that nobody uses. Called once for each case. */
  readonly create: () => S | Promise<S>;
  /** Other locks on the same data, as another process would have them. */
  readonly second?: (setup: S) => TestableLocks | Promise<TestableLocks>;
  /** Default: everything. */
  readonly abilities?: Partial<LockAbilities>;
  readonly processes?: LockProcesses<S>;
  /** How many contend within this process. Default 100. */
  readonly contenders?: number;
  /** How long a case waits for what must happen, in milliseconds. Default 10,000. */
  readonly patienceMs?: number;
  /** Ends what `create` started; the locks have been closed already. */
  readonly dispose?: (setup: S) => unknown;
}

/** The options with their defaults. */
export type CheckedLockOptions<S extends LockSetup> = LockContractOptions<S> &
  Required<Pick<LockContractOptions<S>, 'contenders' | 'patienceMs'>> & { readonly abilities: LockAbilities };

const everything: LockAbilities = {
  acquire: true,
  tryAcquire: true,
  waitMs: true,
  signal: true,
  tokens: true,
  fair: true,
};

/** Fills the defaults in and checks everything at once. */
export function checkLockOptions<S extends LockSetup>(options: LockContractOptions<S>): CheckedLockOptions<S> {
  const problems: string[] = [];
  const { processes } = options;
  if (typeof options.create !== 'function') problems.push(`create must be a function, got ${typeof options.create}`);
  const numbers = { contenders: options.contenders, patienceMs: options.patienceMs };
  const ofProcesses = { count: processes?.count, contenders: processes?.contenders, leaseMs: processes?.leaseMs };
  for (const [prefix, values] of [
    ['', numbers],
    ['processes.', ofProcesses],
  ] as const) {
    for (const [name, value = 1] of Object.entries(values)) {
      if (!(Number.isSafeInteger(value) && value >= 1))
        problems.push(`${prefix}${name} must be an integer of at least 1, got ${value}`);
    }
  }
  if (processes !== undefined && !(processes.module instanceof URL))
    problems.push(`processes.module must be a URL, got ${typeof processes.module}`);
  const abilities = { ...everything, ...options.abilities };
  for (const name of ['waitMs', 'signal', 'tokens', 'fair'] as const) {
    if (options.abilities?.[name] === true && !abilities.acquire)
      problems.push(`abilities.${name} must not be true without abilities.acquire`);
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return { contenders: 100, patienceMs: 10_000, ...options, abilities };
}
