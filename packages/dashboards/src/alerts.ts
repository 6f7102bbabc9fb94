import { MetricNames, resolveNaming, type NamingOption } from './naming.ts';
import type { AlertingRule, RuleGroup, Severity } from './rule.ts';
import { recorded } from './rules.ts';

/** Options of `alerts()`. */
export interface AlertOptions extends NamingOption {
  /**
   * Where the runbook pages are: `<runbooks>/<alert>.md`. Default: `runbooks`, the folder of this package. Give the
   * address under which your people find it.
   */
  readonly runbooks?: string;
}

const packageRunbooks = 'runbooks';

/** The alerts. They read series that `rules()` records, so load both. */
export function alerts({ naming, runbooks = packageRunbooks }: AlertOptions = {}): RuleGroup<AlertingRule> {
  const names = new MetricNames(resolveNaming(naming));
  const alert = (
    name: string,
    severity: Severity,
    wait: string | undefined,
    summary: string,
    expr: string,
  ): AlertingRule => ({
    alert: name,
    expr,
    ...(wait === undefined ? {} : { for: wait }),
    labels: { severity },
    annotations: { summary, runbook_url: `${runbooks}/${name}.md` },
  });
  return {
    name: 'lockscope.alerts',
    rules: [...safety(names, alert), ...contention(names, alert), ...tools(names, alert)],
  };
}

type Alert = (
  name: string,
  severity: Severity,
  wait: string | undefined,
  summary: string,
  expr: string,
) => AlertingRule;

/** Two at once where there must be one, or soon. */
function safety(names: MetricNames, alert: Alert): AlertingRule[] {
  const edges = names.of('lock.order.edges');
  return [
    alert(
      'LockLeaseLost',
      'critical',
      undefined,
      'The lease of {{ $labels.lock_name }} was lost while it was held ({{ $labels.lock_lost_reason }}): two may have worked at once.',
      happened(names.of('lock.lease.lost'), 'job, lock_name, lock_lost_reason'),
    ),
    alert(
      'LockDualHolder',
      'critical',
      '1m',
      '{{ $value }} holders of {{ $labels.lock_name }} at the same time, more than its limit.',
      `sum by (lock_name) (${names.of('lock.holder.count')})\n> on (lock_name) max by (lock_name) (${names.of('lock.holder.limit')})`,
    ),
    alert(
      'LockFencingRejected',
      'warning',
      undefined,
      'A holder of {{ $labels.lock_name }} wrote after it had lost its lock, and was refused.',
      happened(names.of('lock.fencing.rejected'), 'job, lock_name'),
    ),
    alert(
      'LockDeadlockDetected',
      'warning',
      undefined,
      'Acquires of {{ $labels.lock_name }} were ended because they would have waited for themselves.',
      happened(names.of('lock.deadlocks'), 'job, lock_name'),
    ),
    alert(
      'LockOrderInversion',
      'info',
      '5m',
      '{{ $labels.lock_from }} and {{ $labels.lock_to }} are taken in both orders: one day two will wait for each other.',
      `(sum by (lock_from, lock_to) (${edges}) and on (lock_from, lock_to) ${recorded.reversedEdges}) > 0`,
    ),
    alert(
      'LockLeaseMarginLow',
      'warning',
      '10m',
      'Renewals of {{ $labels.lock_name }} land when {{ $value | humanizePercentage }} of the lease are over (p99).',
      `histogram_quantile(0.99, sum by (job, lock_name, le) (rate(${names.bucket('lock.lease.utilization')}[10m]))) > 0.8`,
    ),
  ];
}

/** Callers that wait longer than they should. */
function contention(names: MetricNames, alert: Alert): AlertingRule[] {
  return [
    alert(
      'LockWaiterStuck',
      'warning',
      '2m',
      'A caller has waited for {{ $labels.lock_name }} for {{ $value | humanizeDuration }}, and still waits.',
      `max by (job, lock_name) (${names.of('lock.wait.oldest.age')}) > 60`,
    ),
    alert(
      'LockHeldTooLong',
      'warning',
      '2m',
      '{{ $labels.lock_name }} has been held for {{ $value | humanizeDuration }}, longer than it was declared.',
      `max by (job, lock_name) (${names.of('lock.hold.oldest.age')})\n> on (job, lock_name) max by (job, lock_name) (${names.of('lock.hold.expected')})`,
    ),
    alert(
      'LockAcquireFailures',
      'warning',
      '10m',
      '{{ $value | humanizePercentage }} of the acquires of {{ $labels.lock_name }} fail.',
      `${recorded.failedRatio} > 0.05 and ${recorded.acquireRate} > 0.02`,
    ),
    alert(
      'LockSaturated',
      'warning',
      '15m',
      '{{ $labels.lock_name }} is held {{ $value | humanizePercentage }} of the time, and callers queue for it.',
      `${recorded.utilization} > 0.8 and on (job, lock_name) ${recorded.blockedCallers} > 1`,
    ),
    alert(
      'LockConvoy',
      'info',
      '15m',
      '{{ $labels.lock_name }} is free for longer between two holders than a holder has it, while callers wait.',
      [
        `histogram_quantile(0.9, sum by (job, lock_name, le) (rate(${names.bucket('lock.handoff.duration')}[5m])))`,
        `> on (job, lock_name) histogram_quantile(0.5, sum by (job, lock_name, le) (rate(${names.bucket('lock.hold.duration')}[5m])))`,
        `and on (job, lock_name) sum by (job, lock_name) (${names.of('lock.waiter.count')}) > 2`,
      ].join('\n'),
    ),
  ];
}

/** What the locks, and what is known of them, stand on. */
function tools(names: MetricNames, alert: Alert): AlertingRule[] {
  const operations = names.count('lock.store.operation.duration');
  return [
    alert(
      'LockStoreErrors',
      'warning',
      '5m',
      '{{ $value | humanizePercentage }} of the operations of locks on {{ $labels.lock_system }} fail.',
      [
        `sum by (job, lock_system) (rate(${operations}{error_type!=""}[5m]))`,
        `/ sum by (job, lock_system) (rate(${operations}[5m])) > 0.05`,
      ].join('\n'),
    ),
    alert(
      'LockObservabilityDropping',
      'info',
      '10m',
      'Events of locks for the listener {{ $labels.listener }} are dropped: it shows less than there is.',
      `sum by (job, listener) (rate(${names.of('lockscope.events.dropped')}[5m])) > 0`,
    ),
  ];
}

/** In the last ten minutes; also the first time ever, when the series is born at 1 and nothing has risen. */
function happened(counter: string, by: string): string {
  return [
    `sum by (${by}) (`,
    `  increase(${counter}[10m]) > 0`,
    `  or (${counter} > 0 unless ${counter} offset 10m)`,
    ')',
  ].join('\n');
}
