import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import { Registry } from 'prom-client';
import { RegistryReader, type ReadableRegistry } from './registry-reader.ts';
import { Counted, linesOf, mergeSets, takeReports, type CellSet, type CellSets } from './cell-sets.ts';
import { SteadySums } from './steady-sums.ts';
import { WorkerLink, type MetricsWorker } from './worker-link.ts';

/** Options of {@link collectMetrics}. */
export interface CollectOptions {
  /** Metrics of this process, which are in the sum too. Default none. */
  readonly registry?: ReadableRegistry;
  /** How long a worker may take to answer before what it said last is taken, in milliseconds. Default 500. */
  readonly patienceMs?: number;
  /**
   * How often workers are asked without a scrape, in milliseconds: what a worker counted since it was last asked is lost
   * when it is killed. Default 1,000.
   */
  readonly everyMs?: number;
  /**
   * How many series are kept of workers that are gone. What comes after is counted with names and operations as
   * `_other`. Default 10,000.
   */
  readonly mostSeriesOfGone?: number;
}

const known = new Set(['registry', 'patienceMs', 'everyMs', 'mostSeriesOfGone']);

/** What `collectMetrics()` gives. */
export interface MetricsCollector {
  /** What `metrics()` gives, for the header `content-type`. */
  readonly contentType: string;
  /** What `metrics({ openMetrics: true })` gives. */
  readonly openMetricsContentType: string;
  /** Takes a worker in, best right after it was made. When it ends, what it counted stays, and its gauges go. */
  add(worker: MetricsWorker): void;
  /** Asks every worker, and gives the metrics of all as one text. Never rejects because of a worker. */
  metrics(options?: { readonly openMetrics?: boolean }): Promise<string>;
  /** Asks every worker. */
  refresh(): Promise<void>;
  /** Asks and hears nothing more; `metrics()` gives what is known. */
  close(): void;
}

/**
 * Makes one of the metrics of several workers that call `reportMetrics()`: what counts is added up, of ages and limits
 * the greatest holds, of exemplars the latest. What a worker had counted stays when it ends, so that no counter goes
 * back. All metrics of the workers' registries are taken, whoever made them.
 *
 * @throws {InvalidOptionsError} with everything that is wrong with the options.
 */
export function collectMetrics(options: CollectOptions = {}): MetricsCollector {
  const { registry, patienceMs = 500, everyMs = 1000, mostSeriesOfGone = 10_000 } = options;
  const problems = unknownOptions(options, known);
  for (const [name, ms] of Object.entries({ patienceMs, everyMs })) {
    if (!(ms > 0 && ms <= longestTimerMs))
      problems.push(`${name} must be above 0 and at most ${longestTimerMs}, got ${ms}`);
  }
  if (!Number.isSafeInteger(mostSeriesOfGone) || mostSeriesOfGone < 0)
    problems.push(`mostSeriesOfGone must be an integer of at least 0, got ${mostSeriesOfGone}`);
  if (registry !== undefined && typeof (registry as Partial<ReadableRegistry> | null)?.getMetricsAsArray !== 'function')
    problems.push('registry must be a Registry of prom-client');
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return new Collector(registry, patienceMs, everyMs, mostSeriesOfGone);
}

const longestTimerMs = 2 ** 31 - 1;

class Collector implements MetricsCollector {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly openMetricsContentType = Registry.OPENMETRICS_CONTENT_TYPE;
  readonly #links = new Map<MetricsWorker, WorkerLink>();
  readonly #own: RegistryReader | undefined;
  readonly #patienceMs: number;
  readonly #gone: Counted;
  readonly #sums = new SteadySums();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(registry: ReadableRegistry | undefined, patienceMs: number, everyMs: number, mostSeriesOfGone: number) {
    this.#own = registry && new RegistryReader(registry);
    this.#patienceMs = patienceMs;
    this.#gone = new Counted(mostSeriesOfGone);
    this.#timer = setInterval(() => void this.refresh(), everyMs);
    this.#timer.unref();
  }

  add(worker: MetricsWorker): void {
    if (this.#links.has(worker)) return;
    const link = new WorkerLink(worker, () => {
      // In one step, so that a scrape at any time has each count once.
      this.#links.delete(worker);
      this.#gone.add(link.sets);
    });
    this.#links.set(worker, link);
  }

  async metrics({ openMetrics = false }: { readonly openMetrics?: boolean } = {}): Promise<string> {
    const [own] = await Promise.all([this.#readOwn(), this.refresh()]);
    const links = [...this.#links.values()].map(({ sets }) => sets);
    const merged = mergeSets([own, ...links, this.#gone.sets]);
    this.#sums.steady(merged);
    return await print(merged, openMetrics);
  }

  async refresh(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.ask(this.#patienceMs)));
  }

  close(): void {
    clearInterval(this.#timer);
    for (const link of this.#links.values()) link.close();
  }

  async #readOwn(): Promise<CellSets> {
    const sets: CellSets = new Map();
    if (this.#own === undefined) return sets;
    const others = await this.#own.others();
    this.#own.forget();
    takeReports(sets, [...others, ...this.#own.own()]);
    return sets;
  }
}

async function print(sets: CellSets, openMetrics: boolean): Promise<string> {
  const registry = new Registry();
  if (openMetrics) registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  for (const set of sets.values()) registry.registerMetric(new MergedMetric(set) as never);
  return await registry.metrics();
}

/** A metric as a registry prints it. */
class MergedMetric {
  /** A registry of content type OpenMetrics takes `_total` off the name, and puts it back when it prints. */
  name: string;
  readonly #set: CellSet;

  constructor(set: CellSet) {
    this.name = set.name;
    this.#set = set;
  }

  get type(): string {
    return this.#set.type;
  }

  get(): object {
    const { help, type } = this.#set;
    return { name: this.name, help, type, values: linesOf(this.#set) };
  }
}
