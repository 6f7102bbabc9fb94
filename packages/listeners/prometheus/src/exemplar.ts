import { parseTraceparent } from '@lockscope/core';

/** One observation of a bucket, and where its trace is. */
export interface ExemplarReading {
  /** At most 111 of the 128 characters that OpenMetrics allows. */
  readonly labelSet: Readonly<Record<string, string>>;
  readonly value: number;
  /** Epoch seconds. */
  readonly timestamp: number;
}

/** An observation that was part of a sampled trace; read only when somebody scrapes. */
export class Exemplar {
  readonly #traceparent: string;
  readonly #blocker: string | undefined;
  readonly #value: number;
  readonly #at: number;
  #reading: ExemplarReading | undefined;

  /** `at` in epoch milliseconds, `value` in the unit of the metric. */
  constructor(traceparent: string, blocker: string | undefined, value: number, at: number) {
    this.#traceparent = traceparent;
    this.#blocker = blocker;
    this.#value = value;
    this.#at = at;
  }

  /** Undefined when what was given is no trace context, or one that is not sampled: it would lead nowhere. */
  get reading(): ExemplarReading | undefined {
    return (this.#reading ??= this.#read());
  }

  #read(): ExemplarReading | undefined {
    const own = parseTraceparent(this.#traceparent);
    if (own?.sampled !== true || !Number.isFinite(this.#at)) return undefined;
    const blocker = parseTraceparent(this.#blocker);
    return {
      labelSet: {
        trace_id: own.traceId,
        span_id: own.spanId,
        ...(blocker?.sampled === true && { blocker_trace_id: blocker.traceId }),
      },
      value: this.#value,
      timestamp: Math.round(this.#at) / 1000,
    };
  }
}

/** Quickly, for what is told of every observation. What is wrong with it otherwise is found when it is read. */
export function isSampled(traceparent: string | undefined): traceparent is string {
  if (traceparent === undefined) return false;
  const last = traceparent.charCodeAt(54);
  // Of 0 to 9 the odd digits have odd codes, of a to f the even ones.
  return last < 58 ? (last & 1) === 1 : (last & 1) === 0;
}
