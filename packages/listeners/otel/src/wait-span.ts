import type { Context, Link, Span, Tracer } from '@opentelemetry/api';
import type { Blocker, EventOf, WaitSegment } from '@lockscope/core';

import { linkTo, seeBlocker } from './see-blocker.ts';
import { hrTime } from './hr-time.ts';
import { cut, type LockAttributes } from './lock-attributes.ts';
import { failureOf, setFailed } from './span-status.ts';

/** Who stands in the way at one moment. */
export interface Obstacle {
  readonly blocker: Blocker;
  readonly queueDepth?: number;
  readonly callSite?: string;
}

/** What holders beyond the cap are remembered of, so that none is counted twice. */
const rememberedAtMost = 512;
const maxCallSite = 4096;

/**
 * The span of one wait. It starts when somebody else is seen to have the lock, dated back to the request, so that its
 * sampler sees the link to the holder's span: links that are added later have no say in sampling.
 */
export class WaitSpan {
  readonly #span: Span;
  readonly #maxLinks: number;
  /** Trace contexts of holders that were linked to, or left out. */
  readonly #known = new Set<unknown>();
  #seen = 1;
  /** Later holders that got no link because of the cap, or because the span cannot take links after its start. */
  dropped = 0;

  /** `attributes` says which lock it is, and becomes the span's. */
  constructor(
    tracer: Tracer,
    parent: Context,
    event: EventOf<'lock.acquire'>,
    seen: Obstacle,
    attributes: LockAttributes,
    maxLinks: number,
  ) {
    const link = seeBlocker(attributes, seen.blocker);
    addDepth(attributes, seen.queueDepth);
    if (typeof seen.callSite === 'string') attributes['lock.call_site'] = cut(seen.callSite, maxCallSite);
    if (link !== undefined) this.#isNew(seen.blocker);
    this.#maxLinks = maxLinks;
    const options = { startTime: hrTime(event.startedAt), attributes, links: link === undefined ? [] : [link] };
    this.#span = tracer.startSpan(`wait ${event.lockName}`, options, parent);
  }

  get isRecording(): boolean {
    return this.#span.isRecording();
  }

  /** Another owner got the lock. The span's attributes keep telling of the first; this one gets an event and a link. */
  blockerChanged(to: Obstacle, at: number): void {
    if (!this.#span.isRecording()) return;
    const attributes: LockAttributes = {};
    const link = seeBlocker(attributes, to.blocker);
    const isNew = link !== undefined && this.#isNew(to.blocker);
    if (this.#seen === this.#maxLinks) {
      this.dropped += 1;
      return;
    }
    this.#seen += 1;
    addDepth(attributes, to.queueDepth);
    this.#span.addEvent('acquire.blocker_changed', attributes, hrTime(at));
    if (isNew) this.#add(link);
  }

  stillWaiting({ queueDepth }: Obstacle): void {
    if (!this.#span.isRecording()) return;
    const attributes: LockAttributes = {};
    addDepth(attributes, queueDepth);
    this.#span.setAttributes(attributes);
  }

  /** `parts` says what it was spent on, as on the span of the lock, and is added to. */
  end(event: EventOf<'lock.acquire'>, parts: LockAttributes, showErrors: boolean): void {
    if (this.#span.isRecording()) this.#conclude(event, parts, showErrors);
    this.#span.end(event.endedAt === undefined ? undefined : hrTime(event.endedAt));
  }

  #conclude({ outcome, error, details }: EventOf<'lock.acquire'>, parts: LockAttributes, showErrors: boolean): void {
    const attributes = parts;
    if (outcome !== undefined) attributes['lock.outcome'] = outcome;
    if (details !== undefined) {
      attributes['lock.attempts'] = details.attempts;
      this.#linkHolders(details.segments);
      this.#linkDeadlock(details.deadlockWith);
    }
    const failure = failureOf(outcome, error);
    if (failure !== undefined) attributes['error.type'] = failure;
    this.#span.setAttributes(attributes);
    if (failure !== undefined) setFailed(this.#span, showErrors ? error?.message : undefined);
  }

  /** Holders that had the lock meanwhile without being seen at the time: a queue tells of them in the end. */
  #linkHolders(segments: readonly WaitSegment[] | undefined): void {
    if (!Array.isArray(segments)) return;
    for (const segment of segments as readonly (WaitSegment | undefined)[]) {
      const blocker = segment?.blocker;
      if (blocker?.traceparent === undefined || this.#known.has(blocker.traceparent)) continue;
      const link = linkTo('blocked_by', blocker);
      if (link === undefined) continue;
      this.#isNew(blocker);
      if (this.#seen === this.#maxLinks) this.dropped += 1;
      else {
        this.#seen += 1;
        this.#add(link);
      }
    }
  }

  #linkDeadlock(members: readonly Blocker[] | undefined): void {
    if (!Array.isArray(members)) return;
    const told = (members as readonly Blocker[]).slice(0, this.#maxLinks);
    this.dropped += members.length - told.length;
    for (const member of told) {
      const link = linkTo('deadlock_with', member);
      if (link !== undefined) this.#add(link);
    }
  }

  #add(link: Link): void {
    if (typeof this.#span.addLink === 'function') this.#span.addLink(link);
    else this.dropped += 1;
  }

  /** Only of one whose trace context was found to be well-formed, so that nothing huge is remembered. */
  #isNew({ traceparent }: Blocker): boolean {
    if (this.#known.has(traceparent)) return false;
    if (this.#known.size < rememberedAtMost) this.#known.add(traceparent);
    return true;
  }
}

function addDepth(attributes: LockAttributes, queueDepth: number | undefined): void {
  if (Number.isFinite(queueDepth)) attributes['lock.queue.depth'] = queueDepth as number;
}
