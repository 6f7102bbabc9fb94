import {
  attemptResults,
  lostReasons,
  releaseReasons,
  renewOutcomes,
  type AcquireOutcome,
  type LockMode,
} from '@lockscope/core';
import type { Families } from './families.ts';
import type { HistogramCell } from './histogram-family.ts';
import type { InFlightCells } from './in-flight.ts';
import { acquireEndings } from './known-values.ts';
import { LabelLevel } from './label-level.ts';
import type { Labels } from './labels.ts';
import type { NameSeries } from './name-series.ts';
import type { ValueCell } from './value-family.ts';

/** The series of one lock name on one kind of storage, each made when it is first needed. */
export class LockSeries {
  readonly name: NameSeries;
  readonly waiting: InFlightCells;
  readonly holding: InFlightCells;
  /** By mode, outcome and contended. */
  readonly acquires: LabelLevel<LabelLevel<LabelLevel<HistogramCell>>>;
  /** By mode and release reason. */
  readonly holds: LabelLevel<LabelLevel<HistogramCell>>;
  readonly attempts: LabelLevel<ValueCell>;
  readonly renewals: LabelLevel<HistogramCell>;
  readonly losses: LabelLevel<ValueCell>;
  readonly #makeUtilization: () => HistogramCell;
  readonly #makeHandoffs: () => HistogramCell;
  #utilization: HistogramCell | undefined;
  #handoffs: HistogramCell | undefined;
  readonly #zeroed = new Set<LockMode>();

  constructor(name: NameSeries, system: string, families: Families, labels: Labels) {
    const base = { 'lock.name': name.value, 'lock.system': system };
    const acquire = families.histogram('lock.acquire.duration');
    const hold = families.histogram('lock.hold.duration');
    const attempt = families.value('lock.acquire.attempts');
    const renew = families.histogram('lock.renew.duration');
    const lost = families.value('lock.lease.lost');
    this.name = name;
    this.waiting = { count: families.value('lock.waiter.count').add(base), oldestAge: name.oldestWait };
    this.holding = { count: families.value('lock.holder.count').add(base), oldestAge: name.oldestHold };
    this.acquires = new LabelLevel(labels.modes, (mode) => {
      return new LabelLevel(labels.acquireOutcomes, (outcome) => {
        return new LabelLevel(labels.contended, (contended) => {
          return acquire.add({ ...base, 'lock.mode': mode, 'lock.outcome': outcome, 'lock.contended': contended });
        });
      });
    });
    this.holds = new LabelLevel(labels.modes, (mode) => {
      return new LabelLevel(labels.releaseReasons, (reason) => {
        return hold.add({ ...base, 'lock.mode': mode, 'lock.release_reason': reason });
      });
    });
    this.attempts = new LabelLevel(labels.attemptResults, (result) => {
      return attempt.add({ ...base, 'lock.attempt_result': result });
    });
    this.renewals = new LabelLevel(labels.renewOutcomes, (outcome) => renew.add({ ...base, 'lock.outcome': outcome }));
    this.losses = new LabelLevel(labels.lostReasons, (reason) => lost.add({ ...base, 'lock.lost_reason': reason }));
    this.#makeUtilization = () => families.histogram('lock.lease.utilization').add(base);
    this.#makeHandoffs = () => families.histogram('lock.handoff.duration').add(base);
    // An alert on the rise of a counter never sees one that is born at 1.
    for (const reason of lostReasons) this.losses.find(reason);
  }

  utilization(): HistogramCell {
    return (this.#utilization ??= this.#makeUtilization());
  }

  handoffs(): HistogramCell {
    return (this.#handoffs ??= this.#makeHandoffs());
  }

  /** Makes every series whose labels are known before anything happens, at 0. */
  zero(mode: LockMode): void {
    if (this.#zeroed.has(mode)) return;
    this.#zeroed.add(mode);
    for (const outcome of Object.keys(acquireEndings) as AcquireOutcome[]) {
      for (const contended of acquireEndings[outcome]) this.acquires.find(mode).find(outcome).find(String(contended));
    }
    for (const reason of releaseReasons) this.holds.find(mode).find(reason);
    for (const result of attemptResults) this.attempts.find(result);
    for (const outcome of renewOutcomes) this.renewals.find(outcome);
    this.utilization();
    this.handoffs();
  }
}
