import { MetricFamily, noLabels, type CellReading, type LineShape, type Sample } from './metric-family.ts';

/** One series of a counter or gauge. */
export class ValueCell {
  readonly labels: Readonly<Record<string, string>>;
  readonly prefix: string;
  value = 0;

  constructor(labels: Readonly<Record<string, string>>, prefix: string) {
    this.labels = labels;
    this.prefix = prefix;
  }

  /** Adds to a counter. What is no positive number adds nothing: a counter never falls and never becomes NaN. */
  add(amount: number): void {
    if (amount > 0 && amount < Infinity) this.value += amount;
  }

  reset(): void {
    this.value = 0;
  }
}

/** A counter or a gauge. */
export class ValueFamily extends MetricFamily<ValueCell> {
  protected override makeCell(labels: Readonly<Record<string, string>>, text: string): ValueCell {
    return new ValueCell(labels, `\n${this.name}{${text}} `);
  }

  protected override renderCells(): string {
    let text = '';
    for (const cell of this.cells) text += cell.prefix + cell.value / this.scale;
    return text;
  }

  protected override sampleCells(): Sample[] {
    return this.cells.map(({ labels, value }) => ({
      value: value / this.scale,
      labels: noLabels,
      sharedLabels: labels,
    }));
  }

  override get shape(): readonly LineShape[] {
    return [{}];
  }

  protected override readCell({ labels, value }: ValueCell): CellReading {
    return { labels, values: [value / this.scale] };
  }
}
