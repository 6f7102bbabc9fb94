import { MetricNames, resolveNaming, type NamingOption } from './naming.ts';
import type { RecordingRule, RuleGroup } from './rule.ts';

/** Names of the recorded series, level:metric:operation. Alerts and dashboards read them. */
export const recorded = {
  acquireRate: 'lock_name:lock_acquire:rate5m',
  contendedRatio: 'lock_name:lock_acquire_contended:ratio_rate5m',
  failedRatio: 'lock_name:lock_acquire_failed:ratio_rate5m',
  acquireP99: 'lock_name:lock_acquire_duration_seconds:p99_rate5m',
  holdP99: 'lock_name:lock_hold_duration_seconds:p99_rate5m',
  blockedCallers: 'lock_name:lock_blocked:avg_waiters5m',
  utilization: 'lock_name:lock_hold:utilization5m',
  blockedBy: 'lock_name_blocker:lock_blocked:avg_waiters5m',
  reversedEdges: 'lock_order:lock_order_edges_reversed:sum',
} as const;

/** The recording rules. The dashboards and the alerts need them. */
export function rules({ naming }: NamingOption = {}): RuleGroup<RecordingRule> {
  const names = new MetricNames(resolveNaming(naming));
  const acquires = names.count('lock.acquire.duration');
  const blocked = names.of('lock.blocked.time');
  return {
    name: 'lockscope.rules',
    rules: [
      { record: recorded.acquireRate, expr: perLock(`rate(${acquires}[5m])`) },
      {
        record: recorded.contendedRatio,
        expr: `${perLock(`rate(${acquires}{lock_contended="true"}[5m])`)}\n/ ${perLock(`rate(${acquires}[5m])`)}`,
      },
      {
        record: recorded.failedRatio,
        expr: `${perLock(`rate(${acquires}{lock_outcome=~"timeout|error|deadlock"}[5m])`)}\n/ ${perLock(`rate(${acquires}[5m])`)}`,
      },
      { record: recorded.acquireP99, expr: quantile(0.99, names.bucket('lock.acquire.duration')) },
      { record: recorded.holdP99, expr: quantile(0.99, names.bucket('lock.hold.duration')) },
      // Seconds waited a second are the callers that were blocked on average.
      { record: recorded.blockedCallers, expr: perLock(`rate(${blocked}[5m])`) },
      {
        record: recorded.utilization,
        expr: `${perLock(`rate(${names.sum('lock.hold.duration')}[5m])`)}\n/ max by (job, lock_name) (${names.of('lock.holder.limit')})`,
      },
      { record: recorded.blockedBy, expr: `sum by (job, lock_name, lock_blocker_operation) (rate(${blocked}[5m]))` },
      { record: recorded.reversedEdges, expr: reversed(names.of('lock.order.edges')) },
    ],
  };
}

function perLock(expr: string): string {
  return `sum by (job, lock_name) (${expr})`;
}

function quantile(q: number, buckets: string): string {
  return `histogram_quantile(${q}, sum by (job, lock_name, le) (rate(${buckets}[5m])))`;
}

/**
 * Every edge with its ends exchanged: joined with the edges, it leaves the pairs that are taken in both orders. Two
 * locks of one name, one inside the other, are left out: whether their keys are taken in order is not to be seen here.
 */
function reversed(edges: string): string {
  return [
    'label_replace(label_replace(label_replace(',
    `  sum by (lock_from, lock_to) (${edges})`,
    `  unless label_replace(sum by (lock_from) (${edges}), "lock_to", "$1", "lock_from", "(.*)"),`,
    '  "tmp", "$1", "lock_from", "(.*)"),',
    '  "lock_from", "$1", "lock_to", "(.*)"),',
    '  "lock_to", "$1", "tmp", "(.*)")',
  ].join('\n');
}
