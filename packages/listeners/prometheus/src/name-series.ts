import { BlameSeries } from './blame-series.ts';
import type { Families } from './families.ts';
import { LabelLevel } from './label-level.ts';
import type { Labels } from './labels.ts';
import { LockSeries } from './lock-series.ts';
import type { ValueCell } from './value-family.ts';

/** The series of one lock name: its own, and below it those for each kind of storage. */
export class NameSeries {
  /** The value of the label. */
  readonly value: string;
  readonly oldestWait: ValueCell;
  readonly oldestHold: ValueCell;
  readonly systems: LabelLevel<LockSeries>;
  readonly blame: BlameSeries;
  readonly deadlocks: ValueCell;
  readonly rejectedTokens: ValueCell;
  readonly #families: Families;
  #limit: ValueCell | undefined;
  #expected: ValueCell | undefined;

  constructor(value: string, families: Families, labels: Labels) {
    this.value = value;
    this.#families = families;
    this.oldestWait = families.value('lock.wait.oldest.age').add({ 'lock.name': value });
    this.oldestHold = families.value('lock.hold.oldest.age').add({ 'lock.name': value });
    this.systems = new LabelLevel(labels.systems, (system) => new LockSeries(this, system, families, labels));
    this.deadlocks = families.value('lock.deadlocks').add({ 'lock.name': value });
    this.rejectedTokens = families.value('lock.fencing.rejected').add({ 'lock.name': value });
    this.blame = new BlameSeries(value, families.value('lock.blocked.time'), labels);
  }

  limit(holders: number): void {
    this.#limit ??= this.#families.value('lock.holder.limit').add({ 'lock.name': this.value });
    this.#limit.value = holders;
  }

  expect(ms: number): void {
    this.#expected ??= this.#families.value('lock.hold.expected').add({ 'lock.name': this.value });
    this.#expected.value = ms;
  }

  get isExpected(): boolean {
    return this.#expected !== undefined;
  }
}
