import { InvalidOptionsError } from '@lockscope/core';
import { TraceFlags, type Attributes, type Context, type Link, type SpanKind } from '@opentelemetry/api';

/** What is needed of an SDK's sampler; those of every SDK version fit. */
export interface LinkSampler<R extends { readonly decision: number }> {
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): R;
  toString(): string;
}

/** `RECORD_AND_SAMPLED`, the same number in every SDK. */
const recordAndSampled = 2;

/**
 * A sampler that keeps what `inner` drops when it links to something that was kept: the `wait` span whose blocker's
 * trace is stored. It goes around the whole sampler, `linkAwareSampler(new ParentBasedSampler({ root }))`, because one
 * that follows parents never asks what is in it about a span that has a parent.
 *
 * Such a `wait` span has a parent that nobody stored, and links that are added after a span has started have no say.
 *
 * @throws {InvalidOptionsError} when `inner` is no sampler.
 */
export function linkAwareSampler<R extends { readonly decision: number }>(inner: LinkSampler<R>): LinkSampler<R> {
  if (typeof (inner as Partial<typeof inner> | undefined)?.shouldSample !== 'function')
    throw new InvalidOptionsError(['the sampler inside must have shouldSample()']);
  return {
    shouldSample(...asked) {
      const result = inner.shouldSample(...asked);
      if (result.decision === recordAndSampled) return result;
      const [, , , , , links] = asked;
      const linked = links?.some(({ context }) => (context.traceFlags & TraceFlags.SAMPLED) !== 0);
      return linked ? { ...result, decision: recordAndSampled } : result;
    },
    toString: () => `LinkAwareSampler{${inner.toString()}}`,
  };
}
