import { RegisteredMetric, type MetricReading } from './registered-metric.ts';
import type { MetricReport, ReportedCell } from './worker-messages.ts';

/** What is read of a prom-client `Registry`, whichever copy of prom-client it comes from. */
export interface ReadableRegistry {
  getMetricsAsArray(): readonly unknown[];
}

/** Metrics of others may be computed when they are read; one that takes longer is left out. */
const patienceMs = 300;

/** Reads a registry again and again. Of our own metrics it tells what changed, of others everything. */
export class RegistryReader {
  readonly #registry: ReadableRegistry;
  /** What was told last, cell by cell: cells are only ever added. */
  #told = new WeakMap<RegisteredMetric, readonly (readonly number[])[]>();

  constructor(registry: ReadableRegistry) {
    this.#registry = registry;
  }

  /** From here on everything counts as changed. */
  forget(): void {
    this.#told = new WeakMap();
  }

  /** Metrics of others. One that fails, or does not answer in time, is not among them. */
  async others(): Promise<MetricReport[]> {
    const others = this.#registry.getMetricsAsArray().filter((metric) => !(metric instanceof RegisteredMetric));
    const reports = await Promise.all(others.map((metric) => readInTime(metric as OtherMetric)));
    return reports.flat();
  }

  /** What changed in ours since the last time, at once. */
  own(): MetricReport[] {
    const reports: MetricReport[] = [];
    for (const metric of this.#registry.getMetricsAsArray()) {
      if (!(metric instanceof RegisteredMetric)) continue;
      const { family, help, type, aggregator } = metric;
      const readings = family.readings();
      const last = this.#told.get(metric);
      const cells = readings.filter(({ values }, index) => !isSame(values, last?.[index]));
      const all = readings.map(({ values }) => values);
      this.#told.set(metric, all);
      if (last !== undefined && cells.length === 0) continue;
      const { name, shape } = family;
      reports.push({ name, help, type, aggregator, changesOnly: last !== undefined, shape, cells });
    }
    return reports;
  }
}

function isSame(values: readonly number[], last: readonly number[] | undefined): boolean {
  return last !== undefined && values.every((value, index) => value === last[index]);
}

interface OtherMetric {
  get(): Promise<MetricReading>;
}

async function readInTime(metric: OtherMetric): Promise<MetricReport[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patienceMs, undefined);
  });
  try {
    const reading = await Promise.race([metric.get(), late]);
    return reading === undefined ? [] : reportsOf(reading);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

/** Each line is a cell of its own; those with a name of their own, such as `_sum`, have a report of their own. */
function reportsOf({ name, help, type, aggregator, values }: MetricReading): MetricReport[] {
  const byName = new Map<string | undefined, ReportedCell[]>();
  for (const { metricName, labels, value, exemplar } of values) {
    const cells = byName.get(metricName) ?? [];
    cells.push({ labels, values: [value], ...(exemplar && { exemplars: [exemplar] }) });
    byName.set(metricName, cells);
  }
  const about = { name, help, type, aggregator };
  return [...byName].map(([metricName, cells], index) => {
    return { ...about, changesOnly: index > 0, shape: [metricName === undefined ? {} : { metricName }], cells };
  });
}
