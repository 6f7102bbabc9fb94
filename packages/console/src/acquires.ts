import type { EventOf } from '@lockscope/core';
import type { Chronicle } from './chronicle.ts';
import { fieldsOf, numberOf, textOf } from './fields.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { waiterView } from './lock-view.ts';
import { lastHolder, obstaclesOf } from './obstacles.ts';
import { duration } from './page/duration.ts';
import type { ProcessList } from './process-list.ts';
import { blockerView, type Wait } from './span.ts';

type Acquire = EventOf<'lock.acquire'>;

/** From here on a wait is worth a line among what is notable. */
const notableWaitMs = 500;

/** What acquires tell: who waits for whom, who got the lock. */
export class Acquires {
  readonly #lanes: Lanes;
  readonly #processes: ProcessList;
  readonly #chronicle: Chronicle;

  constructor(lanes: Lanes, processes: ProcessList, chronicle: Chronicle) {
    this.#lanes = lanes;
    this.#processes = processes;
    this.#chronicle = chronicle;
  }

  /** A step of an acquire that goes on. */
  step(process: string, event: Acquire, now: number): void {
    this.#wait(process, event, now);
  }

  ended(process: string, event: Acquire, now: number): void {
    const lane = this.#lanes.of(event, now);
    const outcome = textOf(event.outcome) ?? 'unknown';
    const endedAt = event.endedAt ?? event.startedAt;
    const wait = this.#wait(process, event, now);
    const waitedMs = numberOf(event.details?.waitMs) ?? endedAt - event.startedAt;
    if (lane !== undefined && wait?.to === undefined && wait !== undefined) {
      this.#lanes.endWait(lane, wait, endedAt, outcome);
      if (outcome !== 'not_acquired') this.#measure(wait, waitedMs);
    }
    if (outcome === 'acquired') this.#granted(process, event, lane, wait === undefined ? 0 : waitedMs, now);
    this.#tell(process, event, outcome, wait, waitedMs, now);
  }

  /** The wait in this acquire, if there is one and there is room for it. */
  #wait(process: string, event: Acquire, now: number): Wait | undefined {
    const obstacles = obstaclesOf(event.actions);
    const lane = obstacles.length === 0 ? undefined : this.#lanes.of(event, now);
    if (lane === undefined) return undefined;
    const { rootId: tree, lockKey: key, startedAt: from } = event;
    const known = lane.wait(tree);
    if (known !== undefined) {
      known.heardAt = now;
      const same = known.obstacles.length === obstacles.length && known.obstacles.at(-1)?.at === obstacles.at(-1)?.at;
      if (same) return known;
      known.obstacles = obstacles;
      this.#lanes.findBlockers(lane, known);
      this.#lanes.changed(known);
      return known;
    }
    const id = this.#chronicle.nextId();
    const state = { metAt: now, heardAt: now, to: undefined, outcome: undefined, revision: 0 };
    const wait: Wait = {
      kind: 'wait',
      id,
      key,
      process,
      tree,
      operation: textOf(event.operation),
      from,
      obstacles,
      ...state,
    };
    if (!this.#lanes.add(lane, wait)) return undefined;
    this.#lanes.findBlockers(lane, wait);
    const goneAt = this.#processes.get(process)?.goneAt;
    if (goneAt !== undefined) this.#lanes.endWait(lane, wait, goneAt, 'gone');
    return wait;
  }

  #granted(process: string, event: Acquire, lane: Lane | undefined, waitedMs: number, now: number): void {
    const { rootId: tree, lockKey: key, lock, details } = event;
    if (lane?.hold(tree) !== undefined) return;
    const { counts, rate } = this.#chronicle;
    counts.acquires += 1;
    if (waitedMs > 0 || details?.contended === true) counts.contended += 1;
    rate.count(now);
    this.#takenOver(process, event, lane, now);
    // Without a record of its own it is a re-entry of what the same owner has already.
    const reentered = lock === undefined && lane?.holdOfOwner(textOf(event.ownerId)) !== undefined;
    if (lane === undefined || reentered) return;
    const from = event.endedAt ?? event.startedAt;
    // The lease has the length that the storage says and starts when the process says: their clocks may differ.
    const leaseMs = lock === undefined ? undefined : lock.expiresAt - lock.acquiredAt;
    const leaseEnd = leaseMs === undefined ? undefined : from + leaseMs;
    const who = { key, process, tree, ownerId: textOf(event.ownerId), operation: textOf(event.operation) };
    const token = numberOf(details?.fencingToken) ?? lock?.fencingToken;
    const { goneAt } = this.#processes.get(process) ?? {};
    const state = { suspect: false, overFrom: undefined, goneAt, to: undefined, end: undefined, revision: 0 };
    const id = this.#chronicle.nextId();
    this.#lanes.add(lane, { kind: 'hold', id, ...who, token, from, leaseMs, leaseEnd, waitedMs, ...state });
  }

  /** The lease of the one before had run out: it is dead, or it does not know yet. */
  #takenOver(process: string, event: Acquire, lane: Lane | undefined, now: number): void {
    const action = event.actions.find(({ name }) => name === 'acquire.taken_over');
    if (action === undefined) return;
    this.#chronicle.counts.takeOvers += 1;
    const { fencingToken, overdueMs, ownerId } = fieldsOf(action.payload);
    const overdue = numberOf(overdueMs) ?? 0;
    const before = lane?.holdOf(numberOf(fencingToken));
    const whom = before?.process ?? textOf(ownerId) ?? 'somebody';
    const text = `took it over: the lease of ${whom} had run out ${duration(overdue)} before`;
    this.#chronicle.note('taken-over', { at: now, process, key: event.lockKey, text, notable: true });
    if (lane === undefined || before === undefined || before.to !== undefined) return;
    const at = (event.endedAt ?? event.startedAt) - overdue;
    if (this.#processes.get(before.process)?.gone !== undefined) this.#lanes.endHold(lane, before, at, 'expired');
    else before.overFrom = at;
    this.#lanes.changed(before);
  }

  #measure(wait: Wait, ms: number): void {
    if (ms <= (this.#chronicle.longestWaitEver?.ms ?? 0)) return;
    const { since: _, ...who } = waiterView(wait);
    const holder = lastHolder(wait.obstacles);
    this.#chronicle.longestWaitEver = { ...who, ms, ...(holder !== undefined && { blocker: blockerView(holder) }) };
  }

  #tell(process: string, event: Acquire, outcome: string, wait: Wait | undefined, waitedMs: number, at: number): void {
    const to = { at, process, key: event.lockKey };
    const last = lastHolder(wait?.obstacles ?? []);
    const forWhom = last === undefined ? '' : ` for ${blockerView(last).label}`;
    const waited = `${duration(waitedMs)}${forWhom}`;
    if (outcome === 'acquired') {
      if (wait === undefined) return;
      this.#chronicle.note('waited', { ...to, text: `waited ${waited}`, notable: waitedMs >= notableWaitMs });
    } else if (outcome === 'not_acquired') {
      this.#chronicle.note('other', { ...to, text: 'tried, and found it busy', notable: false });
    } else {
      this.#chronicle.counts.gaveUp += 1;
      const why = outcome === 'error' ? `failed: ${textOf(event.error?.message) ?? 'no reason given'}` : outcome;
      this.#chronicle.note('gave-up', { ...to, text: `gave up after waiting ${waited} (${why})`, notable: true });
    }
  }
}
