import type { EventOf } from '@lockscope/core';
import type { Chronicle } from './chronicle.ts';
import { fieldsOf, numberOf, textOf } from './fields.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { lossEvidence, lossMeaning } from './loss.ts';
import { duration } from './page/duration.ts';
import type { Hold } from './span.ts';

/** What possessions tell once they have begun: renewals, losses, the end. */
export class Possessions {
  readonly #lanes: Lanes;
  readonly #chronicle: Chronicle;
  readonly #expectedHoldMs: (name: string) => number | undefined;

  constructor(lanes: Lanes, chronicle: Chronicle, expectedHoldMs: (name: string) => number | undefined) {
    this.#lanes = lanes;
    this.#chronicle = chronicle;
    this.#expectedHoldMs = expectedHoldMs;
  }

  /** A step of a possession: its renewals fail, or succeed again. */
  step(process: string, event: EventOf<'lock'>): void {
    const hold = this.#lanes.known(event)?.hold(event.rootId);
    const last = event.actions.findLast(({ name }) => name === 'lease.suspect' || name === 'lease.recovered');
    if (hold === undefined || hold.to !== undefined || last === undefined) return;
    const suspect = last.name === 'lease.suspect';
    if (suspect === hold.suspect) return;
    hold.suspect = suspect;
    this.#lanes.changed(hold);
    const left = numberOf(fieldsOf(last.payload)['remainingMs']);
    const failed = `a renewal failed${left === undefined ? '' : `, ${duration(left)} of the lease left`}`;
    const text = suspect ? failed : 'the lease was renewed after all';
    this.#chronicle.note('suspect', { at: last.startedAt, process, key: event.lockKey, text, notable: true });
  }

  renewed(event: EventOf<'lease.renew'>): void {
    const hold = this.#lanes.known(event)?.hold(event.rootId);
    if (hold === undefined || hold.to !== undefined || event.outcome !== 'renewed') return;
    if (hold.leaseMs !== undefined) hold.leaseEnd = event.startedAt + hold.leaseMs;
    this.#lanes.changed(hold);
  }

  lost(process: string, event: EventOf<'lease.lost'>, now: number): void {
    const { lockKey: key, rootId, operation } = event;
    const at = event.endedAt ?? event.startedAt;
    const reason = textOf(event.details?.reason) ?? 'unknown';
    const evidence = lossEvidence(event.details?.evidence);
    const lane = this.#lanes.of(event, now);
    const hold = lane?.hold(rootId);
    const token = numberOf(event.details?.fencingToken) ?? hold?.token;
    if (lane !== undefined && hold !== undefined && hold.end !== 'lost') {
      if (hold.leaseEnd !== undefined && hold.leaseEnd < at) hold.overFrom ??= hold.leaseEnd;
      this.#lanes.endHold(lane, hold, at, 'lost');
    }
    const what = operation === undefined ? undefined : textOf(operation);
    const who = { process, ...(what !== undefined && { operation: what }), ...(token !== undefined && { token }) };
    this.#chronicle.lost({ at, key, ...who, reason, meaning: lossMeaning(reason), evidence });
    const text = `lost it after ${hold === undefined ? 'some time' : duration(at - hold.from)}: ${lossMeaning(reason)}`;
    this.#chronicle.note('lost', { at: now, process, key, text, notable: true });
  }

  /** Given back. Told by the release, and again by the possession, of which one may be missing. */
  released(process: string, event: EventOf<'lock.release'> | EventOf<'lock'>, now: number): void {
    const lane = this.#lanes.known(event);
    const hold = lane?.hold(event.rootId) ?? lane?.holdOfOwner(event.ownerId);
    if (lane === undefined || hold === undefined || hold.end === 'lost' || hold.end === 'released') return;
    this.#lanes.endHold(lane, hold, event.endedAt ?? event.startedAt, 'released');
    this.#tellHeld(process, lane, hold, now);
  }

  failed(process: string, event: EventOf<'lock'>, now: number): void {
    const lane = this.#lanes.known(event);
    const hold = lane?.hold(event.rootId);
    if (lane !== undefined && hold !== undefined)
      this.#lanes.endHold(lane, hold, event.endedAt ?? event.startedAt, 'failed');
    const why = textOf(event.error?.message) ?? 'no reason given';
    const text = `could not give it back, so it stays locked until its lease is over: ${why}`;
    this.#chronicle.note('other', { at: now, process, key: event.lockKey, text, notable: true });
  }

  #tellHeld(process: string, lane: Lane, hold: Hold, at: number): void {
    const heldMs = (hold.to ?? hold.from) - hold.from;
    const expected = this.#expectedHoldMs(lane.name);
    const tooLong = expected !== undefined && heldMs > expected;
    const token = hold.token === undefined ? '' : `, token ${hold.token}`;
    const over = tooLong ? `, longer than the ${duration(expected)} expected` : '';
    const text = `held it for ${duration(heldMs)}${token}${over}`;
    this.#chronicle.note('held', { at, process, key: lane.key, text, notable: tooLong });
  }
}
