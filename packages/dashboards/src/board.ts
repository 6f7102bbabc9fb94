import type { MetricNames } from './naming.ts';

/** One query of a panel. */
export interface Query {
  readonly expr: string;
  /** What a series is called: `{{lock_name}}`. In a table: the title of its column. */
  readonly legend: string;
  /** The unit of its column, in a table. */
  readonly unit?: Unit;
  /** Ask for exemplars too: points that lead to a trace. */
  readonly exemplars?: boolean;
}

/** Units as Grafana calls them. */
export type Unit = 's' | 'ops' | 'percentunit' | 'short';

/**
 * How a panel draws. `lines` and `stack`: over time; `heatmap`: buckets over time; `number`: one value now; `bars` and
 * `table`: values now, or over the whole time that is shown; `timeline`: who, over time.
 */
export type PanelKind = 'lines' | 'stack' | 'heatmap' | 'number' | 'bars' | 'table' | 'timeline';

/** A panel, before it is Grafana's. */
export interface Panel {
  readonly title: string;
  /** What it shows, and what to make of it. */
  readonly about: string;
  readonly kind: PanelKind;
  readonly queries: readonly Query[];
  readonly unit?: Unit;
  /** What its axis counts, where the unit does not say so. */
  readonly axis?: string;
  /** Of 24. Default: 4 for numbers, 12 for everything else. */
  readonly width?: number;
  /** From here on it is bad. */
  readonly limit?: number;
  /** In a table: the column that it is sorted by, greatest first. */
  readonly sortBy?: string;
}

/** A dashboard, before it is Grafana's. */
export interface Board {
  readonly id: 'overview' | 'lock' | 'blame' | 'safety' | 'toolkit';
  readonly title: string;
  readonly about: string;
  /** Whether one can choose locks. */
  readonly byLock: boolean;
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
}

/** Makes a dashboard in a naming. */
export type MakeBoard = (names: MetricNames) => Board;

/** What the columns of tables are called that have labels. */
export const labelTitles: Readonly<Record<string, string>> = {
  lock_name: 'Lock',
  lock_waiter_operation: 'Who waits',
  lock_blocker_operation: 'For whom',
  lock_from: 'Who has',
  lock_to: 'Asks for',
};

/** The services that were chosen. */
export const ofJobs = 'job=~"$job"';
/** The services and the locks that were chosen. */
export const ofLocks = 'job=~"$job", lock_name=~"$lock_name"';
/** What Grafana makes a range of that fits the zoom and the scrapes. */
export const range = '[$__rate_interval]';
