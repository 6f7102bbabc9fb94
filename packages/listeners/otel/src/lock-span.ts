import { diag, trace, type Context, type Span, type Tracer } from '@opentelemetry/api';
import type { Action, ActionName, ActionOf, Blocker, EventOf } from '@lockscope/core';

import { hrTime } from './hr-time.ts';
import { addEvidence, addSegments, identityAttributes, seconds, type LockAttributes } from './lock-attributes.ts';
import type { MaybeLong } from './long-holds.ts';
import type { ResolvedOtelOptions } from './otel-options.ts';
import { linkTo } from './see-blocker.ts';
import { failureOf, setFailed } from './span-status.ts';
import { WaitSpan, type Obstacle } from './wait-span.ts';

type KnownAction = { [N in ActionName]: ActionOf<N> }[ActionName];
type Detail = EventOf<'lock.acquire' | 'lease.renew' | 'lock.release'>;

/** The span of one possession of a lock, from the request to the release or the loss, with what hangs below it. */
export class LockSpan implements MaybeLong {
  /** What waiters link to. */
  readonly span: Span;
  readonly #tracer: Tracer;
  readonly #parent: Context;
  readonly #options: ResolvedOtelOptions;
  /** Once it is held for long: what is told from then on belongs there. */
  #hold: Span | undefined;
  #wait: WaitSpan | undefined;
  #acquire: EventOf<'lock.acquire'> | undefined;
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
    this.#acquire = event;
    const { details } = event;
    this.#attempts = details?.attempts;
    const wait = this.#wait;
    this.#wait = undefined;
    const parts: LockAttributes = {};
    const recording = this.span.isRecording();
    if (details?.contended === true && (recording || wait?.isRecording === true)) addSegments(parts, details.segments);
    if (details?.contended === true && recording) this.#contended(parts, details.predecessor);
    if (this.#options.verbose) {
      const more: LockAttributes = {};
      addAcquire(more, details);
      this.#detail('acquire', event, more);
    }
    wait?.end(event, parts, this.#showErrors);
    return wait?.dropped ?? 0;
  }

  /** A step of the possession. The lease in danger is rare, and worth its moment in time. */
  onPossession(of: Action): void {
    const action = of as KnownAction;
    if (action.name === 'lease.suspect') this.#current.addEvent('lease.suspect', hrTime(action.startedAt));
    if (action.name !== 'lease.at_risk' || !this.#current.isRecording()) return;
    const { cause, remainingMs, utilization, evidence } = action.payload;
    const attributes: LockAttributes = {
      'lock.risk_cause': cause,
      'lock.lease.remaining': seconds(remainingMs),
      'lock.lease.utilization': utilization,
    };
    addEvidence(attributes, evidence);
    this.#current.addEvent('lease.at_risk', attributes, hrTime(action.startedAt));
  }

  /** A renewal is told, after the fact, when it failed, or when everything is to be told. */
  renewed(event: EventOf<'lease.renew'>): void {
    const failed = event.outcome === 'failed' || event.outcome === 'lost';
    if (!failed && !this.#options.verbose) return;
    const { details } = event;
    this.#detail('renew', event, details && { 'lock.lease.utilization': details.utilization });
  }

  released(event: EventOf<'lock.release'>): void {
    const { details } = event;
    this.#detail('release', event, details && { 'lock.hold.duration': seconds(details.holdMs) });
  }

  leaseLost(event: EventOf<'lease.lost'>): void {
    if (!this.#current.isRecording() || event.details === undefined) return;
    const { reason, fencingToken, evidence } = event.details;
    this.#loss = `${reason}: confirmed last ${seconds(evidence.sinceConfirmedMs)} s before, event loop late by ${seconds(evidence.eventLoopDelayMs)} s, renewals failed: ${evidence.failedRenewals}`;
    const attributes: LockAttributes = { 'lock.lost_reason': reason, 'lock.fencing_token': fencingToken };
    addEvidence(attributes, evidence);
    this.#current.addEvent('lease.lost', attributes, hrTime(event.endedAt ?? event.startedAt));
  }

  /**
   * It has been held for so long that its span should not stay open: nobody sees a span before it has ended, and
   * waiters link to this one. It ends where the possession began, and a span of its own goes on from there. Called by a
   * timer, where a fault would end the process.
   */
  isLong(): void {
    try {
      this.#beginHold();
    } catch (error) {
      diag.error('lockscope: no hold span', error);
    }
  }

  end(event: EventOf<'lock'>): void {
    const { endedAt } = event;
    const span = this.#current;
    if (span.isRecording()) this.#conclude(span, event);
    span.end(endedAt === undefined ? undefined : hrTime(endedAt));
  }

  get #current(): Span {
    return this.#hold ?? this.span;
  }

  #beginHold(): void {
    const acquire = this.#acquire;
    if (acquire === undefined || !this.span.isRecording()) return;
    const grantedAt = hrTime(acquire.endedAt ?? acquire.startedAt);
    const attributes = identityAttributes(acquire, this.#options.keyRedaction);
    addGrant(attributes, acquire);
    const linkAttributes: LockAttributes = { 'lock.link.type': 'acquired_by' };
    addAcquire(linkAttributes, acquire.details);
    const links = [{ context: this.span.spanContext(), attributes: linkAttributes }];
    const options = { root: true, startTime: grantedAt, attributes, links };
    const hold = this.#tracer.startSpan(`hold ${acquire.lockName}`, options, this.#parent);
    // Where its sampler did not want it, the span of the lock stays as it is, and tells of the release as ever.
    if (!hold.isRecording()) return;
    this.#hold = hold;
    const own: LockAttributes = { 'lock.outcome': 'acquired' };
    addGrant(own, acquire);
    addAcquire(own, acquire.details);
    this.span.setAttributes(own);
    this.span.end(grantedAt);
  }

  #contended(parts: LockAttributes, predecessor: Blocker | undefined): void {
    this.span.setAttributes(parts);
    const link = linkTo('handed_off_from', predecessor);
    if (link !== undefined && typeof this.span.addLink === 'function') this.span.addLink(link);
  }

  /** A span of an operation that is over. */
  #detail(operation: 'acquire' | 'renew' | 'release', event: Detail, more?: LockAttributes): void {
    if (!this.#current.isRecording()) return;
    const attributes = Object.assign(identityAttributes(event, this.#options.keyRedaction), more);
    if (event.outcome !== undefined) attributes['lock.outcome'] = event.outcome;
    const failure = failureOf(event.outcome, event.error);
    if (failure !== undefined) attributes['error.type'] = failure;
    const startTime = hrTime(event.startedAt);
    const span = this.#tracer.startSpan(`${operation} ${event.lockName}`, { startTime, attributes }, this.#context());
    if (failure !== undefined) setFailed(span, this.#showErrors ? event.error?.message : undefined);
    span.end(hrTime(event.endedAt ?? event.startedAt));
  }

  #conclude(span: Span, { outcome, ownerId, details, error }: EventOf<'lock'>): void {
    const attributes: LockAttributes = {};
    if (outcome !== undefined) attributes['lock.outcome'] = outcome;
    if (ownerId !== undefined) attributes['lock.owner.id'] = ownerId;
    if (this.#hold === undefined && this.#attempts !== undefined) attributes['lock.attempts'] = this.#attempts;
    if (details !== undefined) {
      const { contended, waitMs, holdMs, fencingToken, renewals, lostReason } = details;
      if (this.#hold === undefined) {
        attributes['lock.contended'] = contended;
        attributes['lock.acquire.duration'] = seconds(waitMs);
      }
      if (holdMs !== undefined) attributes['lock.hold.duration'] = seconds(holdMs);
      if (fencingToken !== undefined) attributes['lock.fencing_token'] = fencingToken;
      if (renewals > 0) attributes['lock.renewals'] = renewals;
      if (lostReason !== undefined) attributes['lock.lost_reason'] = lostReason;
    }
    const failure = failureOf(outcome, error);
    if (failure !== undefined) attributes['error.type'] = failure;
    span.setAttributes(attributes);
    if (failure !== undefined) setFailed(span, this.#loss ?? (this.#showErrors ? error?.message : undefined));
  }

  #startWait(event: EventOf<'lock.acquire'>, payload: Obstacle): WaitSpan {
    const { keyRedaction, maxBlockerLinks } = this.#options;
    const identity = identityAttributes(event, keyRedaction);
    return new WaitSpan(this.#tracer, this.#context(), event, payload, identity, maxBlockerLinks);
  }

  /** What the caller had, with this span on top. */
  #context(): Context {
    return trace.setSpan(this.#parent, this.#current);
  }

  get #showErrors(): boolean {
    return this.#options.keyRedaction === 'none';
  }
}

/** Who was granted the lock. */
function addGrant(attributes: LockAttributes, { ownerId, details }: EventOf<'lock.acquire'>): void {
  if (ownerId !== undefined) attributes['lock.owner.id'] = ownerId;
  if (details?.fencingToken !== undefined) attributes['lock.fencing_token'] = details.fencingToken;
}

function addAcquire(attributes: LockAttributes, details: EventOf<'lock.acquire'>['details']): void {
  if (details === undefined) return;
  attributes['lock.attempts'] = details.attempts;
  attributes['lock.contended'] = details.contended;
  attributes['lock.acquire.duration'] = seconds(details.waitMs);
}
