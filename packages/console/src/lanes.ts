import type { Event } from '@lockscope/core';
import type { Chronicle } from './chronicle.ts';
import { textOf } from './fields.ts';
import { Lane } from './lane.ts';
import { limits } from './limits.ts';
import type { ProcessList } from './process-list.ts';
import type { Hold, Span, Wait } from './span.ts';

/** A possession whose lease was over this long ago without a word of its holder is taken to be over. */
const silentMs = 60_000;
/** A waiter reports after 1, 2, 4, 8, ... seconds. One that has not reported for this much longer was lost on the way. */
const patience = { factor: 2.5, ms: 10_000 } as const;

/** The locks of the last minute, and the rules by which their possessions and waits end. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #processes: ProcessList;
  readonly #chronicle: Chronicle;

  constructor(processes: ProcessList, chronicle: Chronicle) {
    this.#processes = processes;
    this.#chronicle = chronicle;
  }

  get all(): Lane[] {
    return [...this.#lanes.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The lane of a lock that is known already. */
  known(event: Event): Lane | undefined {
    return this.#lanes.get(event.lockKey);
  }

  /** The lane of a lock; undefined when there are too many busy ones. */
  of(event: Event, now: number): Lane | undefined {
    const lane = this.#lanes.get(event.lockKey) ?? this.#make(event);
    if (lane !== undefined) lane.usedAt = now;
    return lane;
  }

  /** False when there is no room for it. */
  add(lane: Lane, span: Span): boolean {
    const added = lane.add(span);
    if (!added) this.#chronicle.counts.notShown += 1;
    this.changed(span);
    return added;
  }

  changed(span: Span): void {
    span.revision = this.#chronicle.stamp();
  }

  endHold(lane: Lane, hold: Hold, at: number, end: NonNullable<Hold['end']>): void {
    lane.openHolds.delete(hold);
    hold.to = Math.max(hold.from, at);
    hold.end = end;
    hold.suspect = false;
    this.changed(hold);
  }

  endWait(lane: Lane, wait: Wait, at: number, outcome: string): void {
    lane.openWaits.delete(wait);
    this.findBlockers(lane, wait);
    wait.to = Math.max(wait.from, at);
    wait.outcome = outcome;
    this.changed(wait);
  }

  /** Puts names of processes to who stands in the way, as far as they have told of themselves by now. */
  findBlockers(lane: Lane, wait: Wait): void {
    for (const obstacle of wait.obstacles) {
      if (obstacle.process !== undefined) continue;
      obstacle.process = lane.processOf(obstacle) ?? this.#processes.byPid(obstacle.pid);
      if (obstacle.process !== undefined) this.changed(wait);
    }
  }

  /** The waits of a process that is gone are over; what it held stays held until its lease is over. */
  processGone(name: string, now: number): void {
    for (const lane of this.#lanes.values()) {
      for (const wait of lane.openWaits) if (wait.process === name) this.endWait(lane, wait, now, 'gone');
      for (const hold of lane.openHolds) {
        if (hold.process !== name) continue;
        hold.goneAt = now;
        this.changed(hold);
      }
    }
  }

  /** What follows from time alone: leases of dead holders run out, old things are forgotten. */
  tick(now: number): void {
    const horizon = now - limits.windowMs;
    for (const lane of this.#lanes.values()) {
      for (const hold of lane.openHolds) this.#runOut(lane, hold, now);
      for (const wait of lane.openWaits) {
        this.findBlockers(lane, wait);
        const patienceMs = patience.factor * (wait.heardAt - wait.metAt) + patience.ms;
        if (now - wait.metAt > patienceMs) this.endWait(lane, wait, now, 'unknown');
      }
      lane.prune(horizon);
      if (lane.spans.length === 0 && lane.usedAt < horizon) this.#lanes.delete(lane.key);
    }
  }

  #runOut(lane: Lane, hold: Hold, now: number): void {
    const end = hold.leaseEnd ?? hold.goneAt;
    if (end === undefined) return;
    if (now > end + (hold.goneAt === undefined ? silentMs : 0)) this.endHold(lane, hold, end, 'expired');
  }

  #make({ lockKey, lockName }: Event): Lane | undefined {
    if (this.#lanes.size >= limits.locks && !this.#forgetIdlest()) {
      this.#chronicle.counts.notShown += 1;
      return undefined;
    }
    const lane = new Lane(lockKey, textOf(lockName) ?? lockKey);
    this.#lanes.set(lockKey, lane);
    return lane;
  }

  #forgetIdlest(): boolean {
    let idlest: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      if (!lane.busy && (idlest === undefined || lane.usedAt < idlest.usedAt)) idlest = lane;
    }
    return idlest !== undefined && this.#lanes.delete(idlest.key);
  }
}
