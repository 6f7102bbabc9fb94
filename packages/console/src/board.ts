import type { Event } from '@lockscope/core';
import { Acquires } from './acquires.ts';
import { Chronicle } from './chronicle.ts';
import { numberOf, textOf } from './fields.ts';
import { Lanes } from './lanes.ts';
import { limits } from './limits.ts';
import { lockView, waiterView } from './lock-view.ts';
import type { View } from './page/view.ts';
import { Possessions } from './possessions.ts';
import { ProcessList } from './process-list.ts';
import { spanView } from './span.ts';

/** What is told of an event: that it started, that something happened in it, that it ended. */
export type Phase = 'start' | 'action' | 'end';

/**
 * Makes the picture out of what many processes tell: who has which lock, who waits, what was. It does no I/O and reads
 * no clock: the same calls give the same picture. Everything in it has a bound, see {@link limits}.
 */
export class Board {
  readonly #chronicle = new Chronicle();
  readonly #processes = new ProcessList();
  readonly #expected = new Map<string, number>();
  readonly #lanes = new Lanes(this.#processes, this.#chronicle);
  readonly #acquires = new Acquires(this.#lanes, this.#processes, this.#chronicle);
  readonly #possessions = new Possessions(this.#lanes, this.#chronicle, (name) => this.#expected.get(name));

  /** Rises with every change. */
  get revision(): number {
    return this.#chronicle.revision;
  }

  /** `now` is when it was heard. */
  apply(process: string, event: Event, phase: Phase, now: number): void {
    this.#chronicle.counts.events += 1;
    if (!this.#processes.meet(process)) {
      this.#chronicle.counts.notShown += 1;
      return;
    }
    if (phase === 'end') this.#ended(process, event, now);
    else if (phase === 'action' && event.type === 'lock.acquire') this.#acquires.step(process, event, now);
    else if (phase === 'action' && event.type === 'lock') this.#possessions.step(process, event);
  }

  /** An event of no interest here; it is only counted. */
  skip(): void {
    this.#chronicle.counts.events += 1;
  }

  /** Something came that is no event. */
  malformed(): void {
    this.#chronicle.counts.malformed += 1;
    this.#chronicle.stamp();
  }

  /** So many messages of a process never came. */
  missed(count: number): void {
    this.#chronicle.counts.missed += count;
    this.#chronicle.stamp();
  }

  processStarted(name: string, facts: { readonly pid?: number; readonly about?: string }, now: number): void {
    if (!this.#processes.meet(name, { pid: facts.pid, about: textOf(facts.about) })) {
      this.#chronicle.counts.notShown += 1;
      return;
    }
    this.#chronicle.note('process', { at: now, process: name, text: 'started', notable: true });
  }

  processGone(name: string, reason: string, now: number): void {
    const why = textOf(reason) ?? 'no reason given';
    this.#processes.meet(name);
    this.#processes.leave(name, why, now);
    this.#lanes.processGone(name, now);
    this.#chronicle.note('process', { at: now, process: name, text: `is gone: ${why}`, notable: true });
  }

  /** What is newer than `since`; everything when that is 0. */
  view(since: number, now: number): Omit<View, 'title' | 'links'> {
    this.#lanes.tick(now);
    const lanes = this.#lanes.all;
    const holding = new Set(lanes.flatMap(({ openHolds }) => [...openHolds].map(({ process }) => process)));
    // Twice, because bars of a process that is gone still stand on the timeline for a while.
    this.#processes.prune(now - 2 * limits.windowMs, holding);
    const waits = lanes.flatMap(({ openWaits }) => [...openWaits]);
    const longest = waits.toSorted((a, b) => a.from - b.from)[0];
    const { counts, rate, longestWaitEver, revision } = this.#chronicle;
    return {
      now,
      revision,
      full: since === 0,
      totals: {
        ...counts,
        held: lanes.filter(({ openHolds }) => openHolds.size > 0).length,
        waiting: waits.length,
        acquiresPerSecond: rate.perSecond(now),
        longestWait: longest && waiterView(longest),
        longestWaitEver,
      },
      processes: this.#processes.views(),
      locks: lanes.map((lane) => lockView(lane, this.#processes, this.#expected.get(lane.name), now)),
      spans: lanes.flatMap(({ spans }) => spans.filter((span) => span.revision > since).map(spanView)),
      losses: this.#chronicle.lossesSince(since),
      notes: this.#chronicle.notesSince(since),
    };
  }

  #ended(process: string, event: Event, now: number): void {
    switch (event.type) {
      case 'lock.create':
        return this.#declared(event.lockName, numberOf(event.details?.expectedHoldMs));
      case 'lock.acquire':
        return this.#acquires.ended(process, event, now);
      case 'lease.renew':
        return this.#possessions.renewed(event);
      case 'lease.lost':
        return this.#possessions.lost(process, event, now);
      case 'lock.release':
        if (event.outcome === 'released') this.#possessions.released(process, event, now);
        return;
      case 'lock':
        if (event.outcome === 'released') this.#possessions.released(process, event, now);
        else if (event.outcome === 'release_failed') this.#possessions.failed(process, event, now);
        return;
      case 'lock.force_release': {
        if (event.outcome !== 'forced') return;
        const text = `took it away from its holder: ${textOf(event.details?.reason) ?? 'no reason given'}`;
        this.#chronicle.note('other', { at: now, process, key: event.lockKey, text, notable: true });
      }
    }
  }

  #declared(name: string, expectedHoldMs: number | undefined): void {
    if (expectedHoldMs === undefined || (this.#expected.size >= limits.names && !this.#expected.has(name))) return;
    this.#expected.set(name, expectedHoldMs);
  }
}
