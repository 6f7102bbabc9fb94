import { context, INVALID_SPANID, trace, type Tracer } from '@opentelemetry/api';
import type { Action, Event, EventOf, EventType, Listener } from '@lockscope/core';

import { hrTime } from './hr-time.ts';
import { identityAttributes, type LockAttributes } from './lock-attributes.ts';
import { LockSpan } from './lock-span.ts';
import { LongHolds } from './long-holds.ts';
import { resolveOtelOptions, type OtelOptions, type ResolvedOtelOptions } from './otel-options.ts';
import { traceparentOf } from './traceparent-of.ts';

/** The listener that {@link otel} makes. */
export interface OtelListener extends Listener {
  /** Holders that waits did not link to because there were more than `maxBlockerLinks`. */
  readonly droppedLinks: number;
}

/**
 * A listener that tells OpenTelemetry of locks: one span for each possession, one for each wait, and a link from the
 * wait to the span of whoever had the lock, in whatever process that was. Without an SDK it does nothing; it never
 * throws.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function otel(options: OtelOptions = {}): OtelListener {
  return new LockTracer(resolveOtelOptions(options));
}

const types: readonly EventType[] = ['lock', 'lock.acquire', 'lease.renew', 'lease.lost', 'fence.rejected'];

class LockTracer implements OtelListener {
  readonly name = 'otel';
  readonly types: readonly EventType[];
  droppedLinks = 0;
  readonly #options: ResolvedOtelOptions;
  readonly #tracer: Tracer;
  readonly #longHolds: LongHolds | undefined;
  /** Weak, so that a tree whose end is never told (the listener was removed) costs nothing once it is forgotten. */
  readonly #locks = new WeakMap<Event, LockSpan>();

  constructor(options: ResolvedOtelOptions) {
    this.#options = options;
    this.types = options.verbose ? [...types, 'lock.release'] : types;
    this.#tracer = (options.tracerProvider ?? trace.getTracerProvider()).getTracer('@lockscope/listener-otel');
    this.#longHolds = options.longHoldMs === Infinity ? undefined : new LongHolds(options.longHoldMs);
  }

  onStart(event: Event): void {
    if (event.type !== 'lock') return;
    const parent = context.active();
    const attributes = identityAttributes(event, this.#options.keyRedaction);
    const startTime = hrTime(event.startedAt);
    const span = this.#tracer.startSpan(`lock ${event.lockName}`, { startTime, attributes }, parent);
    const own = span.spanContext();
    // Without an SDK the API gives the caller's own span back, or one without ids.
    if (own.spanId === INVALID_SPANID || own.spanId === trace.getSpanContext(parent)?.spanId) return;
    this.#locks.set(event, new LockSpan(span, this.#tracer, parent, this.#options));
  }

  onAction(event: Event, action: Action): void {
    if (event.type === 'lock.acquire') this.#lockOf(event)?.onAcquire(event, action);
    else if (event.type === 'lock') this.#lockOf(event)?.onPossession(action);
  }

  on(event: Event): void {
    switch (event.type) {
      case 'lock':
        this.#ended(event);
        break;
      case 'lock.acquire':
        this.#acquireEnded(event);
        break;
      case 'lease.renew':
        this.#lockOf(event)?.renewed(event);
        break;
      case 'lease.lost':
        this.#lockOf(event)?.leaseLost(event);
        break;
      case 'lock.release':
        this.#lockOf(event)?.released(event);
        break;
      case 'fence.rejected':
        this.#rejected(event);
        break;
    }
  }

  around<T>(event: Event, fn: () => T): T {
    const lock = this.#lockOf(event);
    return lock === undefined ? fn() : context.with(trace.setSpan(context.active(), lock.span), fn);
  }

  traceparent(event: Event): string | undefined {
    if (!this.#options.propagate) return undefined;
    const lock = this.#lockOf(event);
    return lock === undefined ? undefined : traceparentOf(lock.span.spanContext());
  }

  #acquireEnded(event: EventOf<'lock.acquire'>): void {
    const lock = this.#lockOf(event);
    if (lock === undefined) return;
    this.droppedLinks += lock.acquireEnded(event);
    // The second tree of a possession ends with it, and the first one tells of it.
    const held = event.outcome === 'acquired' && event.details?.reentered !== true;
    if (held && lock.span.isRecording()) this.#longHolds?.begin(lock);
  }

  #ended(event: EventOf<'lock'>): void {
    const lock = this.#lockOf(event);
    if (lock === undefined) return;
    this.#longHolds?.end(lock);
    lock.end(event);
    this.#locks.delete(event);
  }

  /** What was refused is no step of a possession: it shows where it was tried, in the span that is active there. */
  #rejected(event: EventOf<'fence.rejected'>): void {
    const span = trace.getActiveSpan();
    if (span?.isRecording() !== true) return;
    const attributes: LockAttributes = identityAttributes(event, this.#options.keyRedaction);
    const { fencingToken, currentToken, resource } = event.details ?? {};
    if (fencingToken !== undefined) attributes['lock.fencing_token'] = fencingToken;
    if (currentToken !== undefined) attributes['lock.fence.current_token'] = currentToken;
    if (resource !== undefined) attributes['lock.fence.resource'] = resource;
    span.addEvent('fence.rejected', attributes, hrTime(event.endedAt ?? event.startedAt));
  }

  /** The span of the tree that an event belongs to. */
  #lockOf(event: Event): LockSpan | undefined {
    let at: Event | undefined = event;
    while (at !== undefined && at.type !== 'lock') at = at.parent;
    return at === undefined ? undefined : this.#locks.get(at);
  }
}
