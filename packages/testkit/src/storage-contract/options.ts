import { InvalidOptionsError } from '@lockscope/core';
import type { LockStorage, StorageCapabilities } from '@lockscope/storage';

/** What `create` gives: a storage that nobody used before, and beside it whatever the verbs need. */
export interface StorageSetup {
  readonly storage: LockStorage;
}

/** Ways to break a storage from outside. Each verb that is given adds cases; each that is not is listed as missing. */
export interface StorageFaults<S extends StorageSetup> {
  /** Sets the wall clock that the storage could be tempted to read: forward, or back when `ms` is negative. */
  stepWallClock?(setup: S, ms: number): void | Promise<void>;
  /** Puts something that Lockscope did not write where the record of this held key is. */
  damage?(setup: S, key: string): void | Promise<void>;
  /** Cuts the connection under the storage; the server stays up and new connections work. */
  dropConnection?(setup: S): void | Promise<void>;
  /** From now on the server answers nothing, as when it was stopped by a signal. Given together with `thaw`. */
  freeze?(setup: S): void | Promise<void>;
  thaw?(setup: S): void | Promise<void>;
  /**
   * Ends the server without warning, at once, whatever it is doing, and starts it again on the same data; resolves when
   * it takes connections.
   */
  restart?(setup: S): void | Promise<void>;
  /** From now on every answer of the server comes so many milliseconds later; 0 ends it. */
  slow?(setup: S, ms: number): void | Promise<void>;
}

/** Options of `storageContract`. */
export interface StorageContractOptions<S extends StorageSetup> {
  /** Makes a storage without any data. Called once for each case. */
  readonly create: () => S | Promise<S>;
  /**
   * What the storage is meant to state. A case compares it with what it does state; which cases there are follows from
   * it. What is stated to be absent is checked to be absent.
   */
  readonly capabilities: StorageCapabilities;
  /** Another instance on the same data, as another process would have it. Without it all contenders share one. */
  readonly second?: (setup: S) => LockStorage | Promise<LockStorage>;
  /** An instance on the same data, after all others were closed. Required where `durable` is true. */
  readonly reopen?: (setup: S) => LockStorage | Promise<LockStorage>;
  /** Lets the storage's clock pass by at least `ms`. Default: waits for real. */
  readonly advance?: (setup: S, ms: number) => void | Promise<void>;
  /** The lease that the cases let run out, in milliseconds. Longer is slower but safer on a busy machine. Default 250. */
  readonly shortLeaseMs?: number;
  /** How often the long cases go round. Default 1,000. */
  readonly rounds?: number;
  /** How long the cases wait for a wake, or for the answer after an outage, in real milliseconds. Default 5,000. */
  readonly patienceMs?: number;
  /** True when the storage does not remember who had a lock that was released; then it is checked that it says so. */
  readonly forgetsReleased?: boolean;
  /** True when the storage does not remember who lost a lock by force; then it is checked that it says so of nobody. */
  readonly forgetsForced?: boolean;
  /**
   * True when a freed lock is handed straight to the first waiter that watches; false when waiters are told to ask, and
   * then it is checked that nothing is handed over. Default: where `capabilities` state `queues` and `notifies`.
   */
  readonly handsOver?: boolean;
  /** True when the storage has `renewMany`; it is checked that it has it then and only then. Default false. */
  readonly renewsMany?: boolean;
  readonly faults?: StorageFaults<S>;
  /** Ends what `create` started; the storages have been closed already. */
  readonly dispose?: (setup: S) => void | Promise<void>;
}

/** The options with their defaults. */
export type CheckedStorageOptions<S extends StorageSetup> = StorageContractOptions<S> &
  Required<Pick<StorageContractOptions<S>, keyof typeof defaults | 'handsOver' | 'faults'>>;

const faultVerbs = ['stepWallClock', 'damage', 'dropConnection', 'freeze', 'thaw', 'restart', 'slow'] as const;

const defaults = {
  shortLeaseMs: 250,
  rounds: 1000,
  patienceMs: 5000,
  forgetsReleased: false,
  forgetsForced: false,
  renewsMany: false,
} as const;

/** Fills the defaults in and checks everything at once. */
export function checkStorageOptions<S extends StorageSetup>(
  options: StorageContractOptions<S>,
): CheckedStorageOptions<S> {
  const problems: string[] = [];
  const { faults = {} } = options;
  const capabilities = options.capabilities as StorageCapabilities | undefined;
  if (typeof options.create !== 'function') problems.push(`create must be a function, got ${typeof options.create}`);
  if (capabilities === undefined) problems.push('capabilities must be stated, got none');
  else if (capabilities.durable && options.reopen === undefined)
    problems.push('reopen must be there where capabilities.durable is true');
  const canHandOver = capabilities?.queues === true && capabilities.notifies;
  if (options.handsOver === true && !canHandOver)
    problems.push('handsOver needs capabilities.queues and capabilities.notifies');
  if (capabilities?.turns === true && !capabilities.queues)
    problems.push('capabilities.turns needs capabilities.queues');
  if ((faults.freeze === undefined) !== (faults.thaw === undefined))
    problems.push('faults.freeze and faults.thaw must come together');
  for (const name of ['shortLeaseMs', 'rounds', 'patienceMs'] as const) {
    const value = options[name] ?? 1;
    if (!(Number.isSafeInteger(value) && value >= 1))
      problems.push(`${name} must be an integer of at least 1, got ${value}`);
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return { ...defaults, handsOver: canHandOver, faults, ...options };
}

/** The verbs that are not there, by the name of their option. */
export function missingVerbs<S extends StorageSetup>(options: CheckedStorageOptions<S>): string[] {
  const missing = faultVerbs.filter((verb) => options.faults[verb] === undefined).map((verb) => `faults.${verb}`);
  return [...(['second', 'reopen'] as const).filter((verb) => options[verb] === undefined), ...missing];
}
