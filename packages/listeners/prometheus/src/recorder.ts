import type { Action, Event, EventClock, EventOf, ListenerFault } from '@lockscope/core';
import { splitBlame } from './blame.ts';
import type { Families } from './families.ts';
import type { HistogramCell } from './histogram-family.ts';
import { InFlight } from './in-flight.ts';
import { storeOperations } from './known-values.ts';
import { LabelLevel } from './label-level.ts';
import { isSampled } from './exemplar.ts';
import { Labels } from './labels.ts';
import type { LockSeries } from './lock-series.ts';
import { NameSeries } from './name-series.ts';
import type { NameDeclaration, ResolvedCaps } from './options.ts';
import { OrderEdges } from './order-edges.ts';
import { QueueCounts, type WatchedQueue } from './queue-counts.ts';
import type { ValueCell } from './value-family.ts';
import { blockerTrace, handoffOf, waitParts } from './wait-parts.ts';

/** Turns events into cells. Each event finds its series once, by plain Maps; nothing is allocated for known labels. */
export class Recorder {
  readonly #labels: Labels;
  readonly #names: LabelLevel<NameSeries>;
  readonly #declared: Map<string, NameDeclaration> = new Map();
  readonly #systems = new Set<string>();
  /** By system, operation and error type. */
  readonly #storeCalls: LabelLevel<LabelLevel<LabelLevel<HistogramCell>>>;
  readonly #listenerErrors: LabelLevel<ValueCell>;
  readonly #orderEdges: OrderEdges;
  readonly #queues: QueueCounts;
  readonly #waits: InFlight<LockSeries>;
  readonly #holds: InFlight<LockSeries>;

  constructor(families: Families, caps: ResolvedCaps, clock: EventClock) {
    const labels = new Labels(caps, families.value('lockscope.series.overflow'), (system) => this.#newSystem(system));
    this.#labels = labels;
    this.#names = new LabelLevel(labels.names, (name) => new NameSeries(name, families, labels));
    const call = families.histogram('lock.store.operation.duration');
    this.#storeCalls = new LabelLevel(labels.systems, (system) => {
      return new LabelLevel(labels.storeOperations, (operation) => {
        return new LabelLevel(labels.errorTypes, (errorType) => {
          return call.add({ 'lock.system': system, 'lock.store_operation': operation, 'error.type': errorType });
        });
      });
    });
    const errors = families.value('lockscope.listener.errors');
    this.#listenerErrors = new LabelLevel(labels.listeners, (listener) => errors.add({ listener }));
    const dropped = families.value('lockscope.events.dropped');
    const drops = new LabelLevel(labels.listeners, (listener) => dropped.add({ listener, reason: 'queue' }));
    this.#queues = new QueueCounts(drops, this.#listenerErrors, [dropped, errors]);
    this.#orderEdges = new OrderEdges(families.value('lock.order.edges'), labels);
    this.#waits = new InFlight(clock);
    this.#holds = new InFlight(clock);
    const waitAges = families.value('lock.wait.oldest.age');
    const holdAges = families.value('lock.hold.oldest.age');
    waitAges.beforeRead(() => this.#waits.measureAges(waitAges.cells));
    holdAges.beforeRead(() => this.#holds.measureAges(holdAges.cells));
    families.value('lock.waiter.count').beforeRead(() => this.#waits.forgetEnded());
    families.value('lock.holder.count').beforeRead(() => this.#holds.forgetEnded());
  }

  on(event: Event): void {
    switch (event.type) {
      case 'lock.acquire':
        return this.#acquire(event);
      case 'lock':
        return this.#possession(event);
      case 'lease.renew':
        return this.#renewal(event);
      case 'lease.lost':
        return this.#series(event).losses.find(event.details?.reason).add(1);
      case 'fence.rejected':
        return this.#names.find(event.lockName).rejectedTokens.add(1);
      case 'lock.create':
        return this.#created(event);
      default:
        return this.#storeCall(event);
    }
  }

  onAction(event: Event, action: Action): void {
    if (action.name !== 'acquire.contended' || event.type !== 'lock.acquire') return;
    // From a queue it can be told when it is over; its end would not come any more if the queue had dropped that.
    if (event.endedAt !== undefined || this.#waits.has(event)) return;
    const series = this.#series(event);
    this.#waits.begin(event, series, series.waiting, event.startedAt);
  }

  onFault(fault: ListenerFault): void {
    this.#listenerErrors.find(fault.listener).add(1);
  }

  declare(declaration: NameDeclaration): void {
    const { name, holderLimit, expectedHoldMs, system, mode = 'exclusive' } = declaration;
    this.#labels.names.admit(name);
    const series = this.#names.find(name);
    if (holderLimit !== undefined) series.limit(holderLimit);
    if (expectedHoldMs !== undefined) series.expect(expectedHoldMs);
    if (system !== undefined) {
      this.#labels.systems.admit(system);
      series.systems.find(system).zero(mode);
      return;
    }
    this.#declared.set(name, declaration);
    for (const known of this.#systems) series.systems.find(known).zero(mode);
  }

  watch(queue: WatchedQueue): void {
    this.#queues.watch(queue);
  }

  /** Nothing is in flight any more, as far as this is concerned, and queues are read for the last time. */
  forget(): void {
    this.#waits.clear();
    this.#holds.clear();
    this.#queues.forget();
  }

  /** A class of locks that is defined counts as declared. The lock of one key does not: there may be any number. */
  #created({ lockName, storageName, mode, details }: EventOf<'lock.create'>): void {
    const system = this.#labels.systems.taken(storageName);
    const expectedHoldMs = details?.expectedHoldMs;
    const name = details?.scope === 'class' ? this.#labels.names.taken(lockName) : undefined;
    if (name === undefined) return;
    const series = this.#names.find(name);
    if (Number.isFinite(expectedHoldMs) && !series.isExpected) series.expect(expectedHoldMs as number);
    if (system !== undefined) series.systems.find(system).zero(mode);
  }

  #acquire(event: EventOf<'lock.acquire'>): void {
    const { details, outcome } = event;
    const waited = this.#waits.end(event);
    const series = waited ?? this.#series(event);
    const contended = details?.contended ?? waited !== undefined;
    const waitMs = details?.waitMs ?? event.durationMs ?? 0;
    const cell = series.acquires
      .find(event.mode)
      .find(outcome)
      .find(contended ? 'true' : 'false');
    const bucket = cell.observe(waitMs);
    const attempts = details?.attempts ?? 0;
    if (attempts > 0) {
      series.attempts.find(outcome === 'acquired' || outcome === 'error' ? outcome : 'busy').add(1);
      if (attempts > 1) series.attempts.find('busy').add(attempts - 1);
    }
    if (outcome === 'deadlock') series.name.deadlocks.add(1);
    if (details?.holding !== undefined) this.#orderEdges.count(details.holding, series.name.value);
    const parts = contended ? waitParts(event, details, waitMs) : [];
    if (contended) {
      for (const charge of splitBlame(parts, waitMs)) series.name.blame.charge(event.operation, charge);
      const handoffMs = outcome === 'acquired' ? handoffOf(parts, () => event.actions) : undefined;
      if (handoffMs !== undefined) series.handoffs().observe(handoffMs);
    }
    const { traceparent, parent } = event;
    if (isSampled(traceparent)) {
      cell.keep(bucket, waitMs, traceparent, blockerTrace(parts), event.endedAt ?? event.startedAt);
    }
    if (outcome !== 'acquired' || details?.reentered === true) return;
    if (parent === undefined || parent.endedAt !== undefined) return;
    if (!this.#holds.has(parent)) {
      this.#holds.begin(parent, series, series.holding, event.endedAt ?? event.startedAt);
    }
  }

  #possession(event: EventOf<'lock'>): void {
    this.#holds.end(event);
    const { holdMs, reentered } = event.details ?? {};
    if (holdMs === undefined || reentered === true) return;
    const cell = this.#series(event).holds.find(event.mode).find(event.outcome);
    const bucket = cell.observe(holdMs);
    const { traceparent } = event;
    if (isSampled(traceparent)) cell.keep(bucket, holdMs, traceparent, undefined, event.endedAt ?? event.startedAt);
  }

  #renewal(event: EventOf<'lease.renew'>): void {
    const series = this.#series(event);
    series.renewals.find(event.outcome).observe(event.durationMs ?? 0);
    if (event.outcome === 'renewed' && event.details !== undefined)
      series.utilization().observe(event.details.utilization);
  }

  #storeCall(event: Event): void {
    const operation = storeOperations.get(event.type);
    if (operation === undefined) return;
    const { error } = event;
    const failure = event.outcome === 'ok' ? '' : event.outcome;
    const errorType = error?.code ?? error?.name ?? failure;
    const system = event.storageName ?? 'unknown';
    this.#storeCalls
      .find(system)
      .find(operation)
      .find(errorType)
      .observe(event.durationMs ?? 0);
  }

  #series(event: { readonly lockName: string; readonly storageName?: string }): LockSeries {
    return this.#names.find(event.lockName).systems.find(event.storageName ?? 'unknown');
  }

  #newSystem(system: string): void {
    this.#systems.add(system);
    for (const { name, mode = 'exclusive' } of this.#declared.values())
      this.#names.find(name).systems.find(system).zero(mode);
  }
}
