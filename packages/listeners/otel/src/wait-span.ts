import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { Blocker, EventOf } from '@lockscope/core';

import { seeBlocker } from './see-blocker.ts';
import { hrTime } from './hr-time.ts';
import type { LockAttributes } from './lock-attributes.ts';
import { failureOf, setFailed } from './span-status.ts';

/** Who stands in the way at one moment. */
export interface Obstacle {
  readonly blocker: Blocker;
  readonly queueDepth?: number;
}

/**
 * The span of one wait. It starts when somebody else is seen to have the lock, dated back to the request, so that its
 * sampler sees the link to the holder's span: links that are added later have no say in sampling.
 */
export class WaitSpan {
  readonly #span: Span;
  readonly #maxLinks: number;
  readonly #linked = new Set<string>();
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
    if (link !== undefined) this.#linked.add(link.context.spanId);
    this.#maxLinks = maxLinks;
    const options = { startTime: hrTime(event.startedAt), attributes, links: link === undefined ? [] : [link] };
    this.#span = tracer.startSpan(`wait ${event.lockName}`, options, parent);
  }

  /** Another owner got the lock. The span's attributes keep telling of the first; this one gets an event and a link. */
  blockerChanged(to: Obstacle, at: number): void {
    if (!this.#span.isRecording()) return;
    if (this.#seen === this.#maxLinks) {
      this.dropped += 1;
      return;
    }
    this.#seen += 1;
    const attributes: LockAttributes = {};
    const link = seeBlocker(attributes, to.blocker);
    addDepth(attributes, to.queueDepth);
    this.#span.addEvent('acquire.blocker_changed', attributes, hrTime(at));
    if (link === undefined || this.#linked.has(link.context.spanId)) return;
    this.#linked.add(link.context.spanId);
    if (typeof this.#span.addLink === 'function') this.#span.addLink(link);
    else this.dropped += 1;
  }

  stillWaiting({ queueDepth }: Obstacle): void {
    if (!this.#span.isRecording()) return;
    const attributes: LockAttributes = {};
    addDepth(attributes, queueDepth);
    this.#span.setAttributes(attributes);
  }

  end(event: EventOf<'lock.acquire'>, showErrors: boolean): void {
    if (this.#span.isRecording()) this.#conclude(event, showErrors);
    this.#span.end(event.endedAt === undefined ? undefined : hrTime(event.endedAt));
  }

  #conclude({ outcome, error, details }: EventOf<'lock.acquire'>, showErrors: boolean): void {
    const attributes: LockAttributes = {};
    if (outcome !== undefined) attributes['lock.outcome'] = outcome;
    if (details !== undefined) attributes['lock.attempts'] = details.attempts;
    const failure = failureOf(outcome, error);
    if (failure !== undefined) attributes['error.type'] = failure;
    this.#span.setAttributes(attributes);
    if (failure !== undefined) setFailed(this.#span, showErrors ? error?.message : undefined);
  }
}

function addDepth(attributes: LockAttributes, queueDepth: number | undefined): void {
  if (Number.isFinite(queueDepth)) attributes['lock.queue.depth'] = queueDepth as number;
}
