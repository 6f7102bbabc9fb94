import { trace, type Context, type Span, type Tracer } from '@opentelemetry/api';
import type { Action, ActionName, ActionOf, EventOf } from '@lockscope/core';

import { hrTime } from './hr-time.ts';
import { identityAttributes, seconds, type LockAttributes } from './lock-attributes.ts';
import type { ResolvedOtelOptions } from './otel-options.ts';
import { failureOf, setFailed } from './span-status.ts';
import { WaitSpan, type Obstacle } from './wait-span.ts';

type KnownAction = { [N in ActionName]: ActionOf<N> }[ActionName];

/** The span of one possession of a lock, from the request to the release or the loss, with what hangs below it. */
export class LockSpan {
  readonly span: Span;
  readonly #tracer: Tracer;
  readonly #parent: Context;
  readonly #options: ResolvedOtelOptions;
  #wait: WaitSpan | undefined;
  #attempts: number | undefined;
  #loss: string | undefined;

  constructor(span: Span, tracer: Tracer, parent: Context, options: ResolvedOtelOptions) {
    this.span = span;
    this.#tracer = tracer;
    this.#parent = parent;
    this.#options = options;
  }

  /** A step of the acquire. Contention opens the wait's span even below an unsampled lock: its sampler sees the link. */
  onAcquire(event: EventOf<'lock.acquire'>, of: Action): void {
    const action = of as KnownAction;
    switch (action.name) {
      case 'acquire.contended':
        if (this.#wait === undefined) this.#wait = this.#startWait(event, action.payload);
        break;
      case 'acquire.blocker_changed':
        if (this.#wait === undefined) this.#wait = this.#startWait(event, action.payload);
        else this.#wait.blockerChanged(action.payload, action.startedAt);
        break;
      case 'acquire.waiting':
        this.#wait?.stillWaiting(action.payload);
        break;
    }
  }

  /** Gives how many links the wait left out. */
  acquireEnded(event: EventOf<'lock.acquire'>): number {
    this.#attempts = event.details?.attempts;
    const wait = this.#wait;
    if (wait === undefined) return 0;
    this.#wait = undefined;
    wait.end(event, this.#showErrors);
    return wait.dropped;
  }

  /** The lease came close to its end: rare, and worth its moment in time. */
  leaseSuspect(at: number): void {
    if (this.span.isRecording()) this.span.addEvent('lease.suspect', hrTime(at));
  }

  /** A renewal is told only when it failed, after the fact. */
  renewFailed(event: EventOf<'lease.renew'>): void {
    if (!this.span.isRecording()) return;
    const attributes = identityAttributes(event, this.#options.keyRedaction);
    if (event.outcome !== undefined) attributes['lock.outcome'] = event.outcome;
    const failure = failureOf(event.outcome, event.error);
    if (failure !== undefined) attributes['error.type'] = failure;
    const startTime = hrTime(event.startedAt);
    const span = this.#tracer.startSpan(`renew ${event.lockName}`, { startTime, attributes }, this.#context());
    setFailed(span, this.#showErrors ? event.error?.message : undefined);
    span.end(hrTime(event.endedAt ?? event.startedAt));
  }

  leaseLost(event: EventOf<'lease.lost'>): void {
    if (!this.span.isRecording() || event.details === undefined) return;
    const { reason, fencingToken, evidence } = event.details;
    this.#loss = `${reason}: confirmed last ${seconds(evidence.sinceConfirmedMs)} s before, event loop late by ${seconds(evidence.eventLoopDelayMs)} s, renewals failed: ${evidence.failedRenewals}`;
    const attributes: LockAttributes = { 'lock.lost_reason': reason, 'lock.fencing_token': fencingToken };
    this.span.addEvent('lease.lost', attributes, hrTime(event.endedAt ?? event.startedAt));
  }

  end(event: EventOf<'lock'>): void {
    if (this.span.isRecording()) this.#conclude(event);
    this.span.end(event.endedAt === undefined ? undefined : hrTime(event.endedAt));
  }

  #conclude({ outcome, ownerId, details, error }: EventOf<'lock'>): void {
    const attributes: LockAttributes = {};
    if (outcome !== undefined) attributes['lock.outcome'] = outcome;
    if (ownerId !== undefined) attributes['lock.owner.id'] = ownerId;
    if (this.#attempts !== undefined) attributes['lock.attempts'] = this.#attempts;
    if (details !== undefined) {
      const { contended, waitMs, holdMs, fencingToken, renewals, lostReason } = details;
      attributes['lock.contended'] = contended;
      attributes['lock.acquire.duration'] = seconds(waitMs);
      if (holdMs !== undefined) attributes['lock.hold.duration'] = seconds(holdMs);
      if (fencingToken !== undefined) attributes['lock.fencing_token'] = fencingToken;
      if (renewals > 0) attributes['lock.renewals'] = renewals;
      if (lostReason !== undefined) attributes['lock.lost_reason'] = lostReason;
    }
    const failure = failureOf(outcome, error);
    if (failure !== undefined) attributes['error.type'] = failure;
    this.span.setAttributes(attributes);
    if (failure !== undefined) setFailed(this.span, this.#loss ?? (this.#showErrors ? error?.message : undefined));
  }

  #startWait(event: EventOf<'lock.acquire'>, payload: Obstacle): WaitSpan {
    const { keyRedaction, maxBlockerLinks } = this.#options;
    const identity = identityAttributes(event, keyRedaction);
    return new WaitSpan(this.#tracer, this.#context(), event, payload, identity, maxBlockerLinks);
  }

  /** What the caller had, with this span on top. */
  #context(): Context {
    return trace.setSpan(this.#parent, this.span);
  }

  get #showErrors(): boolean {
    return this.#options.keyRedaction === 'none';
  }
}
