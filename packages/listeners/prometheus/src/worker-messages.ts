import type { CellReading, LineShape } from './metric-family.ts';

/** A metric of a worker. */
export interface MetricReport {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  /** How the values of several workers become one. */
  readonly aggregator: string;
  /** True where these are only the cells that changed since the last time. */
  readonly changesOnly: boolean;
  /** What the values of each cell stand for. */
  readonly shape: readonly LineShape[];
  readonly cells: readonly ReportedCell[];
}

/** Labels of metrics of others may be numbers. A channel of JSON makes null of what is absent, or is no number. */
export interface ReportedCell {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly values: readonly (number | null)[];
  readonly exemplars?: readonly (NonNullable<CellReading['exemplars']>[number] | null)[];
}

/** What a collector asks a worker. */
export interface MetricsQuestion {
  readonly lockscope: 'metrics?';
  readonly id: string;
  /** Nothing has been heard of this worker yet, so that changes are not enough. */
  readonly all: boolean;
}

/** What a worker says; without an id when it was not asked, such as at its end. */
export interface MetricsAnswer {
  readonly lockscope: 'metrics';
  readonly id?: string;
  readonly metrics: readonly MetricReport[];
}

/** Others talk on the same channel. */
export function isQuestion(message: unknown): message is MetricsQuestion {
  return (message as Partial<MetricsQuestion> | null | undefined)?.lockscope === 'metrics?';
}

/** Others talk on the same channel. */
export function isAnswer(message: unknown): message is MetricsAnswer {
  return (message as Partial<MetricsAnswer> | null | undefined)?.lockscope === 'metrics';
}
