import { systemClock, type Clock } from './clock.ts';
import type { AcquireRequest, Finding, LockStorage, StorageCapabilities } from './lock-storage.ts';
import { within } from './within.ts';

/** What {@link doctor} goes by. */
export interface DoctorOptions {
  /** The lease that your locks have: a round trip is judged by it. Milliseconds, default 30,000. */
  readonly leaseMs?: number;
  /** What the storage's clock is compared with, and what measures. Default: that of this process. */
  readonly clock?: Clock;
  /** How long each call may take, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

interface Practice {
  readonly storage: LockStorage;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** One read, with what was seen around it. */
interface Look {
  readonly roundTripMs: number;
  /** How far the storage's clock is ahead, known to half a round trip. */
  readonly aheadMs: number;
}

const looks = 5;
const offsetMs = 1000;
const order = { problem: 0, warning: 1, ok: 2 } as const;

/**
 * Looks for what a person would miss: does the storage answer, fast enough for the lease; may this process acquire,
 * renew and release; do tokens rise; do the clocks agree; what it promises, in words; and whatever the storage finds
 * itself (`examine`). Problems come first. It uses a key of its own, never rejects, and leaves no lock behind.
 */
export async function doctor(storage: LockStorage, options: DoctorOptions = {}): Promise<readonly Finding[]> {
  const { leaseMs = 30_000, clock = systemClock, timeoutMs = 5000 } = options;
  const wrong = Object.entries({ leaseMs, timeoutMs }).filter(([, value]) => !(Number.isFinite(value) && value > 0));
  if (wrong.length > 0) {
    const message = wrong.map(([name, value]) => `${name} must be a number above 0, got ${value}`).join('; ');
    return [{ level: 'problem', check: 'options', message }];
  }
  const practice: Practice = { storage, leaseMs, clock, timeoutMs };
  const findings = promises(storage.capabilities);
  const seen: Look[] = [];
  try {
    const key = ownKey();
    for (let n = 0; n < looks; n += 1) seen.push(await look(practice, key));
  } catch (error) {
    findings.unshift({
      level: 'problem',
      check: 'answer',
      message: `it does not answer: ${textOf(error)}`,
      remedy: 'nothing else could be looked at: see to this first',
    });
    return sorted(findings);
  }
  const own = [answered(storage), roundTrip(practice, seen), clocks(seen), ...(await cycles(practice)), ...findings];
  return sorted(merged(own, await examined(practice)));
}

/** The findings as text for a terminal: a line each, what to do below it, and how many there are of each kind. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ level, check, message, remedy }) => {
    const indent = ' '.repeat('problem'.length + width + 4);
    const line = `${level.padEnd('problem'.length)}  ${plain(check).padEnd(width)}  ${plain(message)}`;
    return remedy === undefined ? [line] : [line, `${indent}-> ${plain(remedy)}`];
  });
  const count = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  const summary = `${some(problems, 'problem')}, ${some(warnings, 'warning')}, ${count('ok')} ok`;
  return `${[...lines, summary].join('\n')}\n`;
}

async function look({ storage, clock, timeoutMs }: Practice, key: string): Promise<Look> {
  const [wallBefore, before] = [clock.now(), clock.monotonic()];
  const { storageNow } = await within(clock, timeoutMs, 'read', () => storage.read(key));
  const roundTripMs = clock.monotonic() - before;
  return { roundTripMs, aheadMs: storageNow - (wallBefore + roundTripMs / 2) };
}

function answered({ name }: LockStorage): Finding {
  return { level: 'ok', check: 'answer', message: `${name} answers` };
}

function roundTrip({ leaseMs }: Practice, seen: readonly Look[]): Finding {
  const times = seen.map(({ roundTripMs }) => roundTripMs).toSorted((a, b) => a - b);
  const median = times[times.length >> 1] ?? 0;
  const level = median > leaseMs / 10 ? 'problem' : median > leaseMs / 100 ? 'warning' : 'ok';
  const message = `a round trip takes ${rounded(median)} ms, ${rounded((100 * median) / leaseMs)} % of a lease of ${leaseMs} ms`;
  if (level === 'ok') return { level, check: 'round-trip', message };
  const remedy = 'use a longer lease or a storage that is nearer: renewals come too late when the network falters';
  return { level, check: 'round-trip', message, remedy };
}

function clocks(seen: readonly Look[]): Finding {
  const { aheadMs, roundTripMs } = seen.reduce((best, one) => (one.roundTripMs < best.roundTripMs ? one : best));
  const exactness = roundTripMs / 2;
  const apart = `${rounded(Math.abs(aheadMs))} ms ${aheadMs < 0 ? 'behind' : 'ahead of'} this machine's (give or take ${rounded(exactness)} ms)`;
  if (Math.abs(aheadMs) - exactness <= offsetMs)
    return { level: 'ok', check: 'clock', message: `the storage's clock is ${apart}` };
  return {
    level: 'warning',
    check: 'clock',
    message: `the storage's clock is ${apart}. Leases are decided by the storage's, so locks are safe; times that are shown are off and do not line up with your logs`,
    remedy: 'synchronise both clocks',
  };
}

/** Two possessions of a key of its own, one after the other. */
async function cycles(practice: Practice): Promise<Finding[]> {
  const key = ownKey();
  let token = 0;
  let isRising = true;
  for (let n = 0; n < 2; n += 1) {
    const cycle = new Cycle(practice, key);
    try {
      const given = await cycle.run();
      isRising &&= given > token;
      token = given;
    } catch (error) {
      await cycle.cleanUp();
      const remedy = 'check the rights of this user, and whether the server takes writes';
      return [{ level: 'problem', check: 'cycle', message: `no lock can be used: ${textOf(error)}`, remedy }];
    }
  }
  const cycle: Finding = { level: 'ok', check: 'cycle', message: 'a lock was acquired, renewed and released, twice' };
  const check = 'tokens';
  if (isRising) return [cycle, { level: 'ok', check, message: 'the token of the second possession is greater' }];
  const message = 'the token of the second possession is not greater than the first: a late holder is not told apart';
  return [cycle, { level: 'problem', check, message, remedy: 'do not use this storage with fencing tokens' }];
}

/** One possession of a key that nobody else has. */
class Cycle {
  readonly #practice: Practice;
  readonly #request: AcquireRequest;

  constructor(practice: Practice, key: string) {
    this.#practice = practice;
    const leaseId = globalThis.crypto.randomUUID();
    this.#request = { key, leaseId, leaseMs: practice.leaseMs, holder: { ownerId: 'lockscope-doctor' } };
  }

  /** Gives the token. */
  async run(): Promise<number> {
    const { storage, leaseMs } = this.#practice;
    const { key, leaseId } = this.#request;
    const granted = await this.#call('acquire', () => storage.acquire(this.#request));
    if (!granted.acquired) throw new Error('a lock of a new key was refused');
    const { renewed } = await this.#call('renew', () => storage.renew(key, leaseId, leaseMs));
    if (!renewed) throw new Error('the renewal of a lease that had just begun was refused');
    const { released } = await this.#call('release', () => storage.release(key, leaseId));
    if (!released) throw new Error('the release of a lease that had just begun was refused');
    const { record } = await this.#call('read', () => storage.read(key));
    if (record !== undefined) throw new Error('the lock is still held after its release');
    return granted.record.fencingToken;
  }

  /** Gives back what it may have; what cannot be given back ends with its lease. */
  async cleanUp(): Promise<void> {
    const { storage } = this.#practice;
    const { key, leaseId } = this.#request;
    try {
      await this.#call('release', () => storage.release(key, leaseId));
    } catch {
      // The failure that led here is told.
    }
  }

  /** What comes after its time may still have given the lock. */
  #call<T>(what: string, call: () => Promise<T>): Promise<T> {
    const { clock, timeoutMs, storage } = this.#practice;
    const { key, leaseId } = this.#request;
    return within(clock, timeoutMs, what, call, () => {
      if (what === 'acquire') storage.release(key, leaseId).catch(() => undefined);
    });
  }
}

async function examined({ storage, clock, timeoutMs }: Practice): Promise<readonly Finding[]> {
  if (storage.examine === undefined) return [];
  try {
    return await within(clock, timeoutMs, 'examine', async () => (await storage.examine?.()) ?? []);
  } catch (error) {
    return [{ level: 'warning', check: 'examine', message: `its settings could not be looked at: ${textOf(error)}` }];
  }
}

function promises({ reach, durable, notifies, queues, shares }: StorageCapabilities): Finding[] {
  const reaches = {
    process: 'only this process shares its locks',
    machine: 'the processes of one machine share its locks',
    network: 'everybody who reaches the server shares its locks',
  };
  return [
    durable
      ? { level: 'ok', check: 'durable', message: 'tokens keep rising after a restart' }
      : {
          level: 'warning',
          check: 'durable',
          message:
            'locks are lost in a restart, and tokens start anew: what remembers a greater one refuses new holders',
          remedy: 'use a durable storage where tokens guard something that lasts',
        },
    { level: 'ok', check: 'reach', message: reaches[reach] },
    {
      level: 'ok',
      check: 'waiters',
      message: `waiters ${notifies ? 'are told' : 'poll: they ask now and then'}, ${queues ? 'first come first served' : 'in no order'}`,
    },
    { level: 'ok', check: 'shares', message: shares ? 'locks can be shared' : 'locks cannot be shared' },
  ];
}

/** Where both looked at the same, the worse counts. */
function merged(own: readonly Finding[], others: readonly Finding[]): Finding[] {
  const kept = own.filter(
    ({ check, level }) => !others.some((other) => other.check === check && order[other.level] < order[level]),
  );
  return [...kept, ...others.filter((other) => !kept.some((one) => one.check === other.check))];
}

function sorted(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => order[a.level] - order[b.level]);
}

function ownKey(): string {
  return `lockscope-doctor/${globalThis.crypto.randomUUID()}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function rounded(value: number): number {
  return value < 10 ? Math.round(value * 10) / 10 : Math.round(value);
}

function some(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** A message may quote a server: nothing in it steers a terminal or breaks a line. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ');
}
