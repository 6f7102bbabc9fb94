import type { WireEvent } from '@lockscope/core';

/** One telling of an event: that it started, that something happened in it, that it ended. */
export type Telling = readonly [phase: 'start' | 'action' | 'end', event: WireEvent];

/** A finished span, as plain data. */
export interface FinishedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly attributes: Attributes;
  readonly links: readonly SpanLink[];
  /** Present when it failed. */
  readonly failure?: string;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
}

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a worker says to the parent. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'news';
      readonly tellings: readonly Telling[];
      readonly spans: readonly FinishedSpan[];
      /** What did not fit since the last time. */
      readonly dropped: number;
    };

/** What the parent says to a worker. */
export interface ToWorker {
  readonly kind: 'stop';
}
