import type { LockRecord } from '@lockscope/storage';
import type { Found } from './key-folder.ts';
import { isHeld, recordOf, type KeyState, type LostState } from './key-state.ts';
import type { Moment } from './moment.ts';

const nearMs = 1000;
const runLength = 12;

/** What one look at a key has found. */
export interface Look {
  readonly found: Found | undefined;
  readonly state: KeyState | LostState | undefined;
  /** The state, if somebody has the lock now. */
  readonly held: KeyState | undefined;
  readonly moment: Moment;
  readonly storageNow: number;
}

/** Times are shown as the record shows them, so that they fit together however the wall clock was set since. */
export function lookAt(found: Found | undefined, state: KeyState | LostState | undefined, moment: Moment): Look {
  const known = state !== undefined && 'key' in state && state.run === moment.run ? state : undefined;
  const startedAt =
    known !== undefined && isNear(known.startedAt, moment.startedAt) ? known.startedAt : moment.startedAt;
  const exact = { ...moment, startedAt };
  const held = known !== undefined && isHeld(known, exact) ? known : undefined;
  const storageNow = (held?.startedAt ?? startedAt) + moment.now;
  return { found, state, held, moment: exact, storageNow };
}

function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) <= nearMs;
}

/** What who does not have it is told: who has it, and whether it was taken away. */
export function refusal(
  state: KeyState | LostState | undefined,
  held: KeyState | undefined,
  leaseId: string,
): { readonly record: LockRecord | undefined; readonly forced: boolean } {
  const taken = state !== undefined && 'key' in state ? (state.forced ?? []) : [];
  const forced = taken.some((lease) => lease.leaseId === leaseId);
  return { record: held && recordOf(held), forced };
}

/** A run as it stands in the name of a file. */
export function shortened(run: string): string {
  return run.replaceAll(/[^0-9a-f]/g, '').slice(0, runLength);
}
