import { AggregatorRegistry } from 'prom-client';
import type { WorkerProcess } from './worker-process.ts';

type Worker = Pick<WorkerProcess, 'name' | 'send'>;

const patienceMs = 400;

interface Metric {
  readonly type: unknown;
}

/**
 * The metrics of all workers as one text: what counts is added up, of ages the greatest holds. A worker that does not
 * answer in time (its event loop may be blocked) is in it with what it said last. What a dead worker had counted stays
 * in the sums, so that no counter ever goes back.
 */
export class MetricsPool {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #workers: () => readonly Worker[];
  readonly #latest = new Map<string, readonly object[]>();
  readonly #waiting = new Map<number, (metrics: readonly object[]) => void>();
  #retired: readonly object[] = [];
  #retiring: Promise<void> = Promise.resolve();
  #ids = 0;

  constructor(workers: () => readonly Worker[]) {
    this.#workers = workers;
  }

  /** Asks every worker, and gives the text of all. */
  async text(): Promise<string> {
    await this.refresh();
    return aggregate([this.#retired, ...this.#latest.values()]).metrics();
  }

  /** Asks every worker, so that little is missing should one of them be killed. */
  async refresh(): Promise<void> {
    await Promise.all(this.#workers().map((worker) => this.#ask(worker)));
  }

  /** An answer came in. */
  answered(id: number, metrics: readonly object[]): void {
    this.#waiting.get(id)?.(metrics);
  }

  /** A worker is gone: its counts stay, what it had in flight does not. */
  retire(name: string): Promise<void> {
    return (this.#retiring = this.#retireAfter(this.#retiring, name));
  }

  async #retireAfter(others: Promise<void>, name: string): Promise<void> {
    await others;
    const counts = (this.#latest.get(name) ?? []).filter((metric) => (metric as Metric).type !== 'gauge');
    const retired = await aggregate([this.#retired, counts]).getMetricsAsJSON();
    // In one step, so that a scrape at any time has each count once.
    this.#latest.delete(name);
    this.#retired = retired;
  }

  async #ask(worker: Worker): Promise<void> {
    const id = (this.#ids += 1);
    const answer = new Promise<readonly object[] | undefined>((resolve) => {
      const timer = setTimeout(resolve, patienceMs, undefined);
      this.#waiting.set(id, (metrics) => {
        clearTimeout(timer);
        resolve(metrics);
      });
    });
    worker.send({ kind: 'metrics', id });
    const metrics = await answer;
    this.#waiting.delete(id);
    if (metrics !== undefined && this.#workers().includes(worker)) this.#latest.set(worker.name, metrics);
  }
}

function aggregate(reports: readonly (readonly object[])[]): ReturnType<typeof AggregatorRegistry.aggregate> {
  return AggregatorRegistry.aggregate([...reports] as object[]);
}
