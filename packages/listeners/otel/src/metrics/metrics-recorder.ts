import {
  lostReasons,
  pseudoBlockers,
  type Action,
  type Event,
  type EventOf,
  type ListenerFault,
  type WaitSegment,
} from '@lockscope/core';

import { FewValued, storeOperations } from './few-valued.ts';
import { InFlight, type Place } from './in-flight.ts';
import type { Attributes, Instruments, ObservedMetric } from './instruments.ts';
import type { NameDeclaration, ResolvedMetricsOptions } from './metrics-options.ts';

const foreign: Readonly<Record<string, string>> = pseudoBlockers;

/** Turns events into observations. What is in flight outlives a change of instruments. */
export class MetricsRecorder {
  readonly #values: FewValued;
  readonly #options: ResolvedMetricsOptions;
  readonly #places = new Map<string, Map<string, Place>>();
  readonly #limits = new Map<string, number>();
  readonly #expected = new Map<string, number>();
  readonly #faults = new Map<string, number>();
  readonly #waits = new InFlight('waiting');
  readonly #holds = new InFlight('holding');
  #instruments: Instruments | undefined;

  constructor(options: ResolvedMetricsOptions) {
    this.#options = options;
    this.#values = new FewValued(options.caps, (reason) => this.#record('lockscope.series.overflow', 1, { reason }));
    for (const declared of options.names) this.#declare(declared);
  }

  /** Records go there from now on; names that are known are there at 0. */
  use(instruments: Instruments): void {
    this.#instruments = instruments;
    for (const [name, places] of this.#places) {
      this.#zeroName(name);
      for (const place of places.values()) this.#zeroPlace(place);
    }
  }

  on(event: Event): void {
    switch (event.type) {
      case 'lock.acquire':
        return this.#acquire(event);
      case 'lock':
        return this.#possession(event);
      case 'lease.renew':
        return this.#renewal(event);
      case 'lease.lost': {
        const reason = this.#values.lostReasons.resolve(event.details?.reason);
        return this.#record('lock.lease.lost', 1, { ...this.#place(event).attributes, 'lock.lost_reason': reason });
      }
      case 'fence.rejected':
        return this.#record('lock.fencing.rejected', 1, { 'lock.name': this.#name(event.lockName) });
      case 'lock.create':
        return this.#created(event);
      default:
        return this.#storeCall(event);
    }
  }

  onAction(event: Event, action: Action): void {
    if (action.name !== 'acquire.contended' || event.type !== 'lock.acquire') return;
    // From a queue it can be told when it is over; its end would not come any more if the queue had dropped that.
    if (event.endedAt === undefined) this.#waits.begin(event, this.#place(event), event.startedAt);
  }

  onFault({ listener }: ListenerFault): void {
    const name = this.#values.listeners.resolve(listener);
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
  }

  /** What is true at this moment. */
  read(observe: (metric: ObservedMetric, value: number, attributes: Attributes) => void): void {
    const waits = this.#waits.oldest();
    const holds = this.#holds.oldest();
    for (const [name, places] of this.#places) {
      const attributes = { 'lock.name': name };
      observe('lock.wait.oldest.age', waits.get(name) ?? 0, attributes);
      observe('lock.hold.oldest.age', holds.get(name) ?? 0, attributes);
      for (const place of places.values()) {
        observe('lock.waiter.count', place.waiting, place.attributes);
        observe('lock.holder.count', place.holding, place.attributes);
      }
    }
    for (const [name, limit] of this.#limits) observe('lock.holder.limit', limit, { 'lock.name': name });
    for (const [name, ms] of this.#expected) observe('lock.hold.expected', ms / 1000, { 'lock.name': name });
    this.#readQueues(observe);
  }

  /** Nothing is in flight any more, as far as this is concerned. */
  forget(): void {
    this.#waits.clear();
    this.#holds.clear();
    this.#instruments = undefined;
  }

  #acquire(event: EventOf<'lock.acquire'>): void {
    const { details, outcome } = event;
    const waited = this.#waits.end(event);
    const place = waited ?? this.#place(event);
    const contended = details?.contended ?? waited !== undefined;
    const waitMs = details?.waitMs ?? event.durationMs ?? 0;
    this.#record('lock.acquire.duration', waitMs / 1000, {
      ...place.attributes,
      'lock.mode': this.#values.modes.resolve(event.mode),
      'lock.outcome': this.#values.acquireOutcomes.resolve(outcome),
      'lock.contended': contended ? 'true' : 'false',
    });
    this.#attempts(place, outcome, details?.attempts ?? 0);
    if (outcome === 'deadlock') this.#record('lock.deadlocks', 1, { 'lock.name': place.name });
    if (details?.holding !== undefined) this.#edges(details.holding, place.name);
    if (contended) this.#contended(event, place, waitMs);
    const { parent } = event;
    if (outcome !== 'acquired' || details?.reentered === true) return;
    if (parent !== undefined && parent.endedAt === undefined)
      this.#holds.begin(parent, place, event.endedAt ?? event.startedAt);
  }

  #attempts({ attributes }: Place, outcome: string | undefined, attempts: number): void {
    const last = outcome === 'acquired' || outcome === 'error' ? outcome : 'busy';
    const record = (result: string, count: number): void =>
      this.#record('lock.acquire.attempts', count, { ...attributes, 'lock.attempt_result': result });
    if (attempts > 0) record(last, 1);
    if (attempts > 1) record('busy', attempts - 1);
  }

  #edges(holding: readonly string[], to: string): void {
    for (const held of new Set(holding)) {
      const edge = this.#values.orderEdge(held, to);
      if (edge !== undefined) this.#record('lock.order.edges', 1, { 'lock.from': edge[0], 'lock.to': edge[1] });
    }
  }

  /** Each part of a wait is charged to who caused it; what was not told is charged to the last that was seen. */
  #contended(
    { details, operation, outcome }: EventOf<'lock.acquire'>,
    { name, attributes }: Place,
    waitMs: number,
  ): void {
    const told: unknown = details?.segments;
    const segments = Array.isArray(told) ? (told as readonly WaitSegment[]) : [];
    let left = waitMs;
    let handoffMs: number | undefined;
    const charge = (blocker: unknown, ms: number): void => {
      if (!(ms > 0)) return;
      left -= ms;
      const [blockerOperation, waiter] = this.#values.blamePair(name, blocker, operation);
      this.#record('lock.blocked.time', ms / 1000, {
        'lock.name': name,
        'lock.blocker_operation': blockerOperation,
        'lock.waiter_operation': waiter,
      });
    };
    for (const { kind, ms, blocker } of segments.slice(0, -1))
      charge(foreign[kind] ?? blocker?.operation, Math.min(ms, left));
    const last = segments.at(-1);
    charge(last === undefined ? details?.blocker?.operation : (foreign[last.kind] ?? last.blocker?.operation), left);
    for (const { kind, ms } of segments) if (kind === 'handoff') handoffMs = (handoffMs ?? 0) + ms;
    if (outcome === 'acquired' && handoffMs !== undefined)
      this.#record('lock.handoff.duration', handoffMs / 1000, attributes);
  }

  #possession(event: EventOf<'lock'>): void {
    this.#holds.end(event);
    const { holdMs, reentered } = event.details ?? {};
    if (holdMs === undefined || reentered === true) return;
    this.#record('lock.hold.duration', holdMs / 1000, {
      ...this.#place(event).attributes,
      'lock.mode': this.#values.modes.resolve(event.mode),
      'lock.release_reason': this.#values.releaseReasons.resolve(event.outcome),
    });
  }

  #renewal(event: EventOf<'lease.renew'>): void {
    const { attributes } = this.#place(event);
    this.#record('lock.renew.duration', (event.durationMs ?? 0) / 1000, {
      ...attributes,
      'lock.outcome': this.#values.renewOutcomes.resolve(event.outcome),
    });
    if (event.outcome === 'renewed' && event.details !== undefined)
      this.#record('lock.lease.utilization', event.details.utilization, attributes);
  }

  #storeCall(event: Event): void {
    const operation = storeOperations.get(event.type);
    if (operation === undefined) return;
    const { error } = event;
    const failure = event.outcome === 'ok' ? '' : event.outcome;
    this.#record('lock.store.operation.duration', (event.durationMs ?? 0) / 1000, {
      'lock.system': this.#values.systems.resolve(event.storageName),
      'lock.store_operation': operation,
      'error.type': this.#values.errorTypes.resolve(error?.code ?? error?.name ?? failure),
    });
  }

  /** A class of locks that is defined counts as declared. The lock of one key does not: there may be any number. */
  #created({ lockName, storageName, details }: EventOf<'lock.create'>): void {
    const name = details?.scope === 'class' ? this.#values.names.taken(lockName) : undefined;
    if (name === undefined) return;
    const expectedHoldMs = details?.expectedHoldMs;
    if (Number.isFinite(expectedHoldMs) && !this.#expected.has(name))
      this.#expected.set(name, expectedHoldMs as number);
    if (storageName !== undefined) this.#place({ lockName, storageName });
  }

  #declare({ name, holderLimit, expectedHoldMs }: NameDeclaration): void {
    this.#values.names.admit(name);
    this.#places.set(name, new Map());
    if (holderLimit !== undefined) this.#limits.set(name, holderLimit);
    if (expectedHoldMs !== undefined) this.#expected.set(name, expectedHoldMs);
  }

  /** The few-valued name, which is there at 0 from when it is first heard of. */
  #name(given: unknown): string {
    const name = this.#values.names.resolve(given);
    if (!this.#places.has(name)) {
      this.#places.set(name, new Map());
      this.#zeroName(name);
    }
    return name;
  }

  #place(event: { readonly lockName: string; readonly storageName?: string }): Place {
    const name = this.#name(event.lockName);
    const system = this.#values.systems.resolve(event.storageName);
    const places = this.#places.get(name) as Map<string, Place>;
    let place = places.get(system);
    if (place === undefined) {
      const attributes = Object.freeze({ 'lock.name': name, 'lock.system': system });
      place = { name, attributes, waiting: 0, holding: 0 };
      places.set(system, place);
      this.#zeroPlace(place);
    }
    return place;
  }

  /** An alert on the rise of a counter never sees one that is born at 1. */
  #zeroName(name: string): void {
    this.#record('lock.fencing.rejected', 0, { 'lock.name': name });
    this.#record('lock.deadlocks', 0, { 'lock.name': name });
  }

  #zeroPlace({ attributes }: Place): void {
    for (const reason of lostReasons) this.#record('lock.lease.lost', 0, { ...attributes, 'lock.lost_reason': reason });
  }

  #readQueues(observe: (metric: ObservedMetric, value: number, attributes: Attributes) => void): void {
    const errors = new Map(this.#faults);
    const drops = new Map<string, number>();
    for (const { name, dropped, failed } of this.#options.queues) {
      const listener = this.#values.listeners.resolve(name);
      drops.set(listener, (drops.get(listener) ?? 0) + dropped);
      errors.set(listener, (errors.get(listener) ?? 0) + failed);
    }
    for (const [listener, value] of errors) observe('lockscope.listener.errors', value, { listener });
    for (const [listener, value] of drops) observe('lockscope.events.dropped', value, { listener, reason: 'queue' });
  }

  #record(...observation: Parameters<Instruments['record']>): void {
    this.#instruments?.record(...observation);
  }
}
