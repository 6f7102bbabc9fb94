import { context, INVALID_SPANID, trace, type Tracer } from '@opentelemetry/api';
import type { Action, Event, EventType, Listener } from '@lockscope/core';

import { hrTime } from './hr-time.ts';
import { identityAttributes } from './lock-attributes.ts';
import { LockSpan } from './lock-span.ts';
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
 * @throws {RangeError} naming every option that is wrong.
 */
export function otel(options: OtelOptions = {}): OtelListener {
  return new LockTracer(resolveOtelOptions(options));
}

const types: readonly EventType[] = ['lock', 'lock.acquire', 'lease.renew', 'lease.lost'];

class LockTracer implements OtelListener {
  readonly name = 'otel';
  readonly types: readonly EventType[] = types;
  droppedLinks = 0;
  readonly #options: ResolvedOtelOptions;
  readonly #tracer: Tracer;
  /** Weak, so that a tree whose end is never told (the listener was removed) costs nothing once it is forgotten. */
  readonly #locks = new WeakMap<Event, LockSpan>();

  constructor(options: ResolvedOtelOptions) {
    this.#options = options;
    this.#tracer = (options.tracerProvider ?? trace.getTracerProvider()).getTracer('@lockscope/listener-otel');
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
    else if (action.name === 'lease.suspect') this.#lockOf(event)?.leaseSuspect(action.startedAt);
  }

  on(event: Event): void {
    switch (event.type) {
      case 'lock':
        this.#lockOf(event)?.end(event);
        this.#locks.delete(event);
        break;
      case 'lock.acquire':
        this.droppedLinks += this.#lockOf(event)?.acquireEnded(event) ?? 0;
        break;
      case 'lease.renew':
        if (event.outcome === 'failed' || event.outcome === 'lost') this.#lockOf(event)?.renewFailed(event);
        break;
      case 'lease.lost':
        this.#lockOf(event)?.leaseLost(event);
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

  /** The span of the tree that an event belongs to. */
  #lockOf(event: Event): LockSpan | undefined {
    let at: Event | undefined = event;
    while (at !== undefined && at.type !== 'lock') at = at.parent;
    return at === undefined ? undefined : this.#locks.get(at);
  }
}
