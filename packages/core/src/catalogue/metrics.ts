import type { FewValuedAttribute } from './attributes.ts';

/** What the catalogue says of a metric. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** UCUM unit: `s` is seconds, `1` a ratio, `{…}` a count of things. */
  readonly unit: string;
  /** The name in Prometheus, with unit and `_total` as its conventions want them. */
  readonly prometheusName: string;
  readonly help: string;
  readonly labels: readonly FewValuedAttribute[];
  /** Upper bounds of a histogram's buckets, rising. */
  readonly buckets?: readonly number[];
}

/** The name of a metric, as OpenTelemetry would call it. */
export type MetricName =
  | 'lock.acquire.duration'
  | 'lock.hold.duration'
  | 'lock.acquire.attempts'
  | 'lock.waiter.count'
  | 'lock.holder.count'
  | 'lock.holder.limit'
  | 'lock.wait.oldest.age'
  | 'lock.hold.oldest.age'
  | 'lock.hold.expected'
  | 'lock.renew.duration'
  | 'lock.lease.utilization'
  | 'lock.lease.lost'
  | 'lock.handoff.duration'
  | 'lock.fencing.rejected'
  | 'lock.deadlocks'
  | 'lock.order.edges'
  | 'lock.blocked.time'
  | 'lock.store.operation.duration'
  | 'lockscope.listener.errors'
  | 'lockscope.events.dropped'
  | 'lockscope.series.overflow';

const acquireBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const holdBuckets = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600];
const storeBuckets = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];
const utilizationBuckets = [0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1, 1.5, 2];

/** Every metric: what listeners export, and what rules, dashboards and reference tables are made from. */
export const metrics: Readonly<Record<MetricName, MetricDefinition>> = {
  'lock.acquire.duration': {
    type: 'histogram',
    unit: 's',
    prometheusName: 'lock_acquire_duration_seconds',
    help: 'Time from the request for a lock to its outcome, waiting included. Its count by outcome counts acquires.',
    labels: ['lock.name', 'lock.system', 'lock.mode', 'lock.outcome', 'lock.contended'],
    buckets: acquireBuckets,
  },
  'lock.hold.duration': {
    type: 'histogram',
    unit: 's',
    prometheusName: 'lock_hold_duration_seconds',
    help: 'Time from the grant of a lock to its release or loss.',
    labels: ['lock.name', 'lock.system', 'lock.mode', 'lock.release_reason'],
    buckets: holdBuckets,
  },
  'lock.acquire.attempts': {
    type: 'counter',
    unit: '{attempt}',
    prometheusName: 'lock_acquire_attempts_total',
    help: 'Questions to the storage: won, busy or failed.',
    labels: ['lock.name', 'lock.system', 'lock.attempt_result'],
  },
  'lock.waiter.count': {
    type: 'gauge',
    unit: '{waiter}',
    prometheusName: 'lock_waiter_count',
    help: 'Acquires of this process that wait because somebody else has the lock.',
    labels: ['lock.name', 'lock.system'],
  },
  'lock.holder.count': {
    type: 'gauge',
    unit: '{holder}',
    prometheusName: 'lock_holder_count',
    help: 'Locks of this name that this process holds.',
    labels: ['lock.name', 'lock.system'],
  },
  'lock.holder.limit': {
    type: 'gauge',
    unit: '{holder}',
    prometheusName: 'lock_holder_limit',
    help: 'How many holders a declared name may have in the whole fleet; only for names with one key.',
    labels: ['lock.name'],
  },
  'lock.wait.oldest.age': {
    type: 'gauge',
    unit: 's',
    prometheusName: 'lock_wait_oldest_age_seconds',
    help: 'Age of the oldest wait that is still going on in this process.',
    labels: ['lock.name'],
  },
  'lock.hold.oldest.age': {
    type: 'gauge',
    unit: 's',
    prometheusName: 'lock_hold_oldest_age_seconds',
    help: 'Age of the oldest possession that is still going on in this process.',
    labels: ['lock.name'],
  },
  'lock.hold.expected': {
    type: 'gauge',
    unit: 's',
    prometheusName: 'lock_hold_expected_seconds',
    help: 'How long a possession of a declared name should take at most.',
    labels: ['lock.name'],
  },
  'lock.renew.duration': {
    type: 'histogram',
    unit: 's',
    prometheusName: 'lock_renew_duration_seconds',
    help: 'Time that a renewal of a lease took.',
    labels: ['lock.name', 'lock.system', 'lock.outcome'],
    buckets: storeBuckets,
  },
  'lock.lease.utilization': {
    type: 'histogram',
    unit: '1',
    prometheusName: 'lock_lease_utilization',
    help: 'Part of the lease that had passed when its renewal landed; 1 is too late.',
    labels: ['lock.name', 'lock.system'],
    buckets: utilizationBuckets,
  },
  'lock.lease.lost': {
    type: 'counter',
    unit: '{lease}',
    prometheusName: 'lock_lease_lost_total',
    help: 'Locks that were lost while they were held. Mutual exclusion may have been broken.',
    labels: ['lock.name', 'lock.system', 'lock.lost_reason'],
  },
  'lock.handoff.duration': {
    type: 'histogram',
    unit: 's',
    prometheusName: 'lock_handoff_duration_seconds',
    help: 'Time that a lock was free while somebody waited for it, until the waiter had it.',
    labels: ['lock.name', 'lock.system'],
    buckets: storeBuckets,
  },
  'lock.fencing.rejected': {
    type: 'counter',
    unit: '{operation}',
    prometheusName: 'lock_fencing_rejected_total',
    help: 'Writes that were refused because of a stale fencing token. A holder went on after it had lost its lock.',
    labels: ['lock.name'],
  },
  'lock.deadlocks': {
    type: 'counter',
    unit: '{deadlock}',
    prometheusName: 'lock_deadlocks_total',
    help: 'Acquires that were ended because they would have waited for themselves.',
    labels: ['lock.name'],
  },
  'lock.order.edges': {
    type: 'counter',
    unit: '{edge}',
    prometheusName: 'lock_order_edges_total',
    help: 'Acquires of one lock by an owner or flow that had another. Edges in both directions can deadlock.',
    labels: ['lock.from', 'lock.to'],
  },
  'lock.blocked.time': {
    type: 'counter',
    unit: 's',
    prometheusName: 'lock_blocked_time_seconds_total',
    help: 'Waiting time, charged to what the holder was doing or to what starts with _. Its rate is the average number of blocked callers.',
    labels: ['lock.name', 'lock.blocker_operation', 'lock.waiter_operation'],
  },
  'lock.store.operation.duration': {
    type: 'histogram',
    unit: 's',
    prometheusName: 'lock_store_operation_duration_seconds',
    help: 'Time of one operation in the storage.',
    labels: ['lock.system', 'lock.store_operation', 'error.type'],
    buckets: storeBuckets,
  },
  'lockscope.listener.errors': {
    type: 'counter',
    unit: '{error}',
    prometheusName: 'lockscope_listener_errors_total',
    help: 'Faults of listeners. They never reach the lock.',
    labels: ['listener'],
  },
  'lockscope.events.dropped': {
    type: 'counter',
    unit: '{event}',
    prometheusName: 'lockscope_events_dropped_total',
    help: 'Events that a queue in front of a listener dropped, or an exemplar or exporter refused.',
    labels: ['listener', 'reason'],
  },
  'lockscope.series.overflow': {
    type: 'counter',
    unit: '{observation}',
    prometheusName: 'lockscope_series_overflow_total',
    help: 'Observations that were counted under _other because a cap of label values was reached.',
    labels: ['reason'],
  },
};
