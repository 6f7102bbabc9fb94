// What promtool tests the alerts with: for each, series that it has to see, and series that it must not mind.

/**
 * @typedef {import('../src/index.ts').AlertingRule} AlertingRule
 * @typedef {(name: import('@lockscope/core').MetricName) => string} NameOf
 * @typedef {Readonly<Record<string, string>>} Labels
 * @typedef {{ at: string, firing: readonly { labels: Labels, summary: string }[] }} Moment
 * @typedef {{ alert: string, when: string, series: Readonly<Record<string, string>>, moments: readonly Moment[] }} Scenario
 */

/**
 * A rule test file of promtool.
 *
 * @param {NameOf} of
 * @param {readonly AlertingRule[]} alerts
 * @param {readonly string[]} ruleFiles
 */
export function ruleTests(of, alerts, ruleFiles) {
  return {
    rule_files: ruleFiles,
    evaluation_interval: '1m',
    tests: scenarios(of).map(({ alert, when, series, moments }) => ({
      name: `${alert}: ${when}`,
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: moments.map(({ at, firing }) => ({
        eval_time: at,
        alertname: alert,
        exp_alerts: firing.map(({ labels, summary }) => expected(ruleOf(alert, alerts), labels, summary)),
      })),
    })),
  };
}

/**
 * @param {string} name
 * @param {readonly AlertingRule[]} alerts
 */
function ruleOf(name, alerts) {
  const rule = alerts.find(({ alert }) => alert === name);
  if (rule === undefined) throw new Error(`there is no alert ${name}`);
  return rule;
}

/**
 * @param {AlertingRule} rule
 * @param {Labels} labels
 * @param {string} summary
 */
function expected({ labels: { severity }, annotations }, labels, summary) {
  return {
    exp_labels: { severity, ...labels },
    exp_annotations: { summary, runbook_url: annotations.runbook_url },
  };
}

/**
 * @param {NameOf} of
 * @returns {readonly Scenario[]}
 */
function scenarios(of) {
  return [...counted(of), ...holders(of), ...order(of), ...ages(of), ...rates(of), ...histograms(of), ...tools(of)];
}

const orders = { job: 'api', lock_name: 'orders/{id}' };

/** @param {string} at @returns {Moment} */
const silent = (at) => ({ at, firing: [] });

/** @param {string} at @param {string} summary @param {Labels} labels @returns {Moment} */
const fires = (at, summary, labels = orders) => ({ at, firing: [{ labels, summary }] });

/** @param {string} name @param {Labels} labels */
const series = (name, labels) =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;

/** Alerts on something that must not happen at all. @param {NameOf} of @returns {readonly Scenario[]} */
function counted(of) {
  const lost = { ...orders, lock_lost_reason: 'expired' };
  const kinds = [
    {
      alert: 'LockLeaseLost',
      name: series(of('lock.lease.lost'), { ...lost, lock_system: 'redis', instance: 'a' }),
      labels: lost,
      summary: 'The lease of orders/{id} was lost while it was held (expired): two may have worked at once.',
    },
    {
      alert: 'LockFencingRejected',
      name: series(of('lock.fencing.rejected'), { ...orders, instance: 'a' }),
      labels: orders,
      summary: 'A holder of orders/{id} wrote after it had lost its lock, and was refused.',
    },
    {
      alert: 'LockDeadlockDetected',
      name: series(of('lock.deadlocks'), { ...orders, instance: 'a' }),
      labels: orders,
      summary: 'Acquires of orders/{id} were ended because they would have waited for themselves.',
    },
  ];
  return kinds.flatMap(({ alert, name, labels, summary }) => [
    {
      alert,
      when: 'once, in a series that was there at 0',
      series: { [name]: '0x5 1x30' },
      moments: [silent('5m'), fires('7m', summary, labels), silent('20m')],
    },
    {
      alert,
      when: 'the first time ever, in a series that is born with it',
      series: { [name]: '_x5 1x30' },
      moments: [silent('4m'), fires('7m', summary, labels), silent('20m')],
    },
    {
      alert,
      when: 'long ago',
      series: { [name]: '3x40' },
      moments: [silent('15m'), silent('35m')],
    },
  ]);
}

/** @param {NameOf} of @returns {readonly Scenario[]} */
function holders(of) {
  const count = of('lock.holder.count');
  const limit = series(of('lock.holder.limit'), { job: 'cron', instance: 'a', lock_name: 'nightly' });
  return [
    {
      alert: 'LockDualHolder',
      when: 'two services hold a lock with one key',
      series: {
        [limit]: '1x30',
        [series(count, { job: 'cron', instance: 'a', lock_name: 'nightly' })]: '1x30',
        [series(count, { job: 'old-cron', instance: 'b', lock_name: 'nightly' })]: '0x9 1x5 0x20',
      },
      moments: [
        silent('9m'),
        fires('12m', '2 holders of nightly at the same time, more than its limit.', { lock_name: 'nightly' }),
        silent('20m'),
      ],
    },
    {
      alert: 'LockDualHolder',
      when: 'a lock changes hands between the scrapes of two processes, and a lock without a limit',
      series: {
        [limit]: '1x30',
        [series(count, { job: 'cron', instance: 'a', lock_name: 'nightly' })]: '1x10 0x20',
        [series(count, { job: 'cron', instance: 'b', lock_name: 'nightly' })]: '0x9 1x21',
        [series(count, { ...orders, instance: 'a' })]: '7x30',
      },
      moments: [silent('10m'), silent('11m'), silent('15m')],
    },
  ];
}

/** @param {string} from @param {string} to */
const inverted = (from, to) => ({
  labels: { lock_from: from, lock_to: to },
  summary: `${from} and ${to} are taken in both orders: one day two will wait for each other.`,
});

/** @param {NameOf} of @returns {readonly Scenario[]} */
function order(of) {
  const edges = of('lock.order.edges');
  /** @param {string} job @param {string} from @param {string} to */
  const edge = (job, from, to) => series(edges, { job, lock_from: from, lock_to: to });
  return [
    {
      alert: 'LockOrderInversion',
      when: 'two services take two locks in different orders',
      series: {
        [edge('a', 'orders/{id}', 'stock/{sku}')]: '5x30',
        [edge('b', 'stock/{sku}', 'orders/{id}')]: '_x5 1x30',
        [edge('b', 'stock/{sku}', 'bill/{id}')]: '1x30',
      },
      moments: [
        silent('5m'),
        {
          at: '15m',
          firing: [inverted('orders/{id}', 'stock/{sku}'), inverted('stock/{sku}', 'orders/{id}')],
        },
      ],
    },
    {
      alert: 'LockOrderInversion',
      when: 'everybody takes them in the same order, and one of a name inside another',
      series: {
        [edge('a', 'orders/{id}', 'stock/{sku}')]: '5x30',
        [edge('b', 'orders/{id}', 'stock/{sku}')]: '5x30',
        [edge('b', 'stock/{sku}', 'bill/{id}')]: '5x30',
        [edge('b', 'accounts/{id}', 'accounts/{id}')]: '5x30',
      },
      moments: [silent('15m')],
    },
  ];
}

/** @param {NameOf} of @returns {readonly Scenario[]} */
function ages(of) {
  const waits = of('lock.wait.oldest.age');
  const held = of('lock.hold.oldest.age');
  const declared = of('lock.hold.expected');
  const calm = { job: 'api', lock_name: 'calm' };
  return [
    {
      alert: 'LockWaiterStuck',
      when: 'a caller of one lock waits on and on; those of another, half a minute',
      series: {
        [series(waits, { ...orders, instance: 'a' })]: '0+30x30',
        [series(waits, { ...orders, instance: 'b' })]: '5x30',
        [series(waits, { ...calm, instance: 'a' })]: '30x30',
      },
      moments: [silent('4m'), fires('7m', 'A caller has waited for orders/{id} for 3m 30s, and still waits.')],
    },
    {
      alert: 'LockHeldTooLong',
      when: 'one lock is held for longer than declared; one is not, and one is not declared',
      series: {
        [series(held, { ...orders, instance: 'a' })]: '0+30x30',
        [series(declared, { ...orders, instance: 'a' })]: '60x30',
        [series(held, { ...calm, instance: 'a' })]: '50x30',
        [series(declared, { ...calm, instance: 'a' })]: '60x30',
        [series(held, { job: 'api', lock_name: 'undeclared', instance: 'a' })]: '9000x30',
      },
      moments: [silent('4m'), fires('7m', 'orders/{id} has been held for 3m 30s, longer than it was declared.')],
    },
  ];
}

/** @param {NameOf} of @returns {readonly Scenario[]} */
function rates(of) {
  const acquires = `${of('lock.acquire.duration')}_count`;
  /** @param {string} lockName @param {string} outcome */
  const ended = (lockName, outcome) =>
    series(acquires, { job: 'api', instance: 'a', lock_name: lockName, lock_outcome: outcome });
  const blocked = of('lock.blocked.time');
  const held = `${of('lock.hold.duration')}_sum`;
  const limit = of('lock.holder.limit');
  const calm = { job: 'api', lock_name: 'calm' };
  return [
    {
      alert: 'LockAcquireFailures',
      when: 'a tenth of the acquires of one lock fail; of another only tries come in vain, and one is hardly used',
      series: {
        [ended('orders/{id}', 'acquired')]: '0+54x40',
        [ended('orders/{id}', 'timeout')]: '0+6x40',
        [ended('calm', 'acquired')]: '0+54x40',
        [ended('calm', 'not_acquired')]: '0+54x40',
        [ended('rare', 'timeout')]: '0x9 1x30',
      },
      moments: [silent('9m'), fires('25m', '10% of the acquires of orders/{id} fail.')],
    },
    {
      alert: 'LockSaturated',
      when: 'one lock is always held and has a queue; one is always held, and nobody minds',
      series: {
        [series(held, { ...orders, instance: 'a' })]: '0+54x40',
        [series(limit, { ...orders, instance: 'a' })]: '1x40',
        [series(blocked, { ...orders, instance: 'a', lock_blocker_operation: 'POST /checkout' })]: '0+120x40',
        [series(blocked, { ...orders, instance: 'a', lock_blocker_operation: '_handoff' })]: '0+60x40',
        [series(held, { ...calm, instance: 'a' })]: '0+54x40',
        [series(limit, { ...calm, instance: 'a' })]: '1x40',
        [series(blocked, { ...calm, instance: 'a', lock_blocker_operation: 'POST /checkout' })]: '0+6x40',
      },
      moments: [silent('14m'), fires('30m', 'orders/{id} is held 90% of the time, and callers queue for it.')],
    },
  ];
}

/** @param {NameOf} of @returns {readonly Scenario[]} */
function histograms(of) {
  /**
   * Sixty observations a minute, all in the bucket between the two bounds.
   *
   * @param {string} name @param {string} lockName @param {string} above @param {string} upTo
   */
  const observed = (name, lockName, above, upTo) =>
    Object.fromEntries(
      [
        [above, '0x40'],
        [upTo, '0+60x40'],
        ['+Inf', '0+60x40'],
      ].map(([le = '', values = '']) => [
        series(`${name}_bucket`, { job: 'api', instance: 'a', lock_name: lockName, le }),
        values,
      ]),
    );
  const utilization = of('lock.lease.utilization');
  const [handoff, hold, waiters] = [of('lock.handoff.duration'), of('lock.hold.duration'), of('lock.waiter.count')];
  const calm = { job: 'api', lock_name: 'calm' };
  return [
    {
      alert: 'LockLeaseMarginLow',
      when: 'one lock is renewed in the last tenth of its lease; another after a third',
      series: { ...observed(utilization, 'orders/{id}', '0.9', '1'), ...observed(utilization, 'calm', '0.2', '0.33') },
      moments: [silent('5m'), fires('25m', 'Renewals of orders/{id} land when 99.9% of the lease are over (p99).')],
    },
    {
      alert: 'LockConvoy',
      when: 'one lock is free for longer than it is held, with a queue; one without a queue',
      series: {
        ...observed(handoff, 'orders/{id}', '0.1', '0.5'),
        ...observed(hold, 'orders/{id}', '0.005', '0.01'),
        [series(waiters, { ...orders, instance: 'a' })]: '3x40',
        ...observed(handoff, 'calm', '0.1', '0.5'),
        ...observed(hold, 'calm', '0.005', '0.01'),
        [series(waiters, { ...calm, instance: 'a' })]: '1x40',
      },
      moments: [
        silent('10m'),
        fires('30m', 'orders/{id} is free for longer between two holders than a holder has it, while callers wait.'),
      ],
    },
    {
      alert: 'LockConvoy',
      when: 'a queue for a lock that is handed over at once',
      series: {
        ...observed(handoff, 'orders/{id}', '0.001', '0.005'),
        ...observed(hold, 'orders/{id}', '0.01', '0.05'),
        [series(waiters, { ...orders, instance: 'a' })]: '3x40',
      },
      moments: [silent('30m')],
    },
  ];
}

/** @param {NameOf} of @returns {readonly Scenario[]} */
function tools(of) {
  const operations = `${of('lock.store.operation.duration')}_count`;
  /** @param {string} system @param {string} error */
  const asked = (system, error) =>
    series(operations, { job: 'api', instance: 'a', lock_system: system, error_type: error });
  const dropped = of('lockscope.events.dropped');
  return [
    {
      alert: 'LockStoreErrors',
      when: 'a tenth of the operations on one storage fail; on another, one in a hundred',
      series: {
        [asked('redis', '')]: '0+54x30',
        [asked('redis', 'ECONNREFUSED')]: '0+6x30',
        [asked('postgres', '')]: '0+99x30',
        [asked('postgres', '57014')]: '0+1x30',
      },
      moments: [
        silent('4m'),
        fires('15m', '10% of the operations of locks on redis fail.', { job: 'api', lock_system: 'redis' }),
      ],
    },
    {
      alert: 'LockObservabilityDropping',
      when: 'the queue of one listener drops; that of another did so long ago',
      series: {
        [series(dropped, { job: 'api', instance: 'a', listener: 'audit', reason: 'full' })]: '0+10x30',
        [series(dropped, { job: 'api', instance: 'a', listener: 'log', reason: 'full' })]: '5x30',
      },
      moments: [
        silent('5m'),
        fires('15m', 'Events of locks for the listener audit are dropped: it shows less than there is.', {
          job: 'api',
          listener: 'audit',
        }),
      ],
    },
  ];
}
