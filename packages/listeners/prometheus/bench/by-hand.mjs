import { Counter, Gauge, Histogram } from 'prom-client';

import { metrics } from '@lockscope/core';

const labelNames = (metric) => metrics[metric].labels.map((label) => label.replaceAll('.', '_'));

/** What one writes by hand: a listener that calls prom-client for each event. Same names, labels and buckets. */
export function byHand(register) {
  const make = (Metric, metric) => {
    const { prometheusName: name, help, buckets } = metrics[metric];
    return new Metric({
      name,
      help,
      labelNames: labelNames(metric),
      registers: [register],
      ...(buckets && { buckets: [...buckets] }),
    });
  };
  const acquires = make(Histogram, 'lock.acquire.duration');
  const holds = make(Histogram, 'lock.hold.duration');
  const attempts = make(Counter, 'lock.acquire.attempts');
  const holders = make(Gauge, 'lock.holder.count');
  const on = (event) => {
    const { lockName: lock_name, storageName: lock_system, mode: lock_mode, outcome, details } = event;
    if (event.type === 'lock.acquire') {
      const lock_contended = String(details.contended);
      acquires.observe(
        { lock_name, lock_system, lock_mode, lock_outcome: outcome, lock_contended },
        details.waitMs / 1000,
      );
      if (details.attempts > 1)
        attempts.inc({ lock_name, lock_system, lock_attempt_result: 'busy' }, details.attempts - 1);
      attempts.inc({ lock_name, lock_system, lock_attempt_result: 'acquired' });
      holders.inc({ lock_name, lock_system });
    } else if (event.type === 'lock') {
      holds.observe({ lock_name, lock_system, lock_mode, lock_release_reason: outcome }, details.holdMs / 1000);
      holders.dec({ lock_name, lock_system });
    }
  };
  return { name: 'by-hand', on, types: ['lock', 'lock.acquire'], acquires, attempts };
}
