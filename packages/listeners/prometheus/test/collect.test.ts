import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { Worker as Thread } from 'node:worker_threads';

import { Counter, Registry } from 'prom-client';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { sourceProgram } from '../../../../test/support/source-program.ts';
import { collectMetrics, type CollectOptions, type MetricsCollector, type MetricsWorker } from '../src/index.ts';
import type { Order } from './programs/counts.ts';
import { parseText } from './text-format.ts';

let program: string;

beforeAll(async () => {
  program = await sourceProgram(new URL('programs/counts.ts', import.meta.url));
});

interface Crew {
  readonly collector: MetricsCollector;
  readonly hire: () => Promise<Hand>;
  /** The sum over all lines of this name in what the collector gives. */
  readonly sum: (name: string) => Promise<number>;
}

/** A worker, of whichever kind. */
interface Hand {
  readonly worker: MetricsWorker;
  readonly obey: (order: Order) => Promise<void>;
  /** As when the machine takes it away. */
  readonly kill: () => Promise<void>;
  readonly gone: Promise<unknown>;
}

type Start = () => MetricsWorker;

const forked: Start = () => fork(program);
const kinds: Readonly<Record<string, Start>> = {
  'processes that were forked': forked,
  'processes that talk in structured clones': () => fork(program, { serialization: 'advanced' }),
  threads: () => new Thread(program, { workerData: { id: (ids += 1) } }),
};
let ids = 0;

function crew(start: Start, options: CollectOptions = {}): Crew {
  const collector = collectMetrics({ everyMs: 60_000, patienceMs: 10_000, ...options });
  const all: (() => Promise<void>)[] = [];
  onTestFinished(async () => {
    collector.close();
    await Promise.all(all.map((kill) => kill()));
  });
  const hire = async (): Promise<Hand> => {
    const worker = start();
    collector.add(worker);
    collector.add(worker);
    const gone = once(worker, 'exit');
    const kill = async (): Promise<void> => {
      if (worker instanceof Thread) await worker.terminate();
      else worker.kill('SIGKILL');
      await gone;
    };
    all.push(kill);
    const obey = async (order: Order): Promise<void> => {
      const done = new Promise<void>((resolve) => {
        worker.on('message', (message: { done?: string }) => void (message.done === order.do && resolve()));
      });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      if (worker instanceof Thread) worker.postMessage(order);
      else worker.send(order);
      await (order.do === 'exit' ? gone : done);
    };
    return { worker, obey, kill, gone };
  };
  const sum = async (name: string): Promise<number> =>
    parseText(await collector.metrics())
      .filter((line) => line.name === name)
      .reduce((total, { value }) => total + value, 0);
  return { collector, hire, sum };
}

/** When it is told that a worker ended, its last words may still be on their way. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (tries > 200) throw new Error('it never held');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const cycles = 'lock_hold_duration_seconds_count';

describe.each(Object.entries(kinds))('the metrics of several %s', (_, start) => {
  it('become one: counts add up, and go on doing so', async () => {
    const { hire, sum } = crew(start);
    const [a, b] = [await hire(), await hire()];
    await a.obey({ do: 'count', times: 5 });
    await b.obey({ do: 'count', times: 7 });
    await b.obey({ do: 'hold' });
    expect(await sum(cycles)).toBe(12);
    expect(await sum('lock_holder_count')).toBe(1);
    await a.obey({ do: 'count', times: 100 });
    await a.obey({ do: 'hold' });
    expect(await sum(cycles)).toBe(112);
    expect(await sum('lock_holder_count')).toBe(2);
  });

  it('keep what was counted up to its end by one that exits, without having been asked', async () => {
    const { hire, sum } = crew(start);
    const [a, b] = [await hire(), await hire()];
    await a.obey({ do: 'hold' });
    await a.obey({ do: 'count', times: 12_345, names: 150 });
    await b.obey({ do: 'count', times: 1 });
    await a.obey({ do: 'exit' });
    await until(async () => (await sum(cycles)) === 12_346);
    expect(await sum('lock_holder_count')).toBe(0);
    expect(await sum(cycles)).toBe(12_346);
  });

  it('keep what one that is killed had counted when it was last asked, and drop what it had in flight', async () => {
    const { hire, sum, collector } = crew(start);
    const [a, b] = [await hire(), await hire()];
    await a.obey({ do: 'count', times: 20 });
    await a.obey({ do: 'hold' });
    await b.obey({ do: 'count', times: 3 });
    await collector.refresh();
    await a.kill();
    await until(async () => (await sum('lock_holder_count')) === 0);
    expect(await sum(cycles)).toBe(23);
    await b.kill();
    for (let n = 0; n < 5; n += 1) expect(await sum(cycles)).toBe(23);
  });

  it('keep everything of one that says that it is done', async () => {
    const { hire, sum } = crew(start);
    const a = await hire();
    await a.obey({ do: 'other' });
    await a.obey({ do: 'count', times: 9 });
    await a.obey({ do: 'close' });
    await a.kill();
    expect(await sum(cycles)).toBe(9);
    expect(await sum('mine_total')).toBe(2);
  });

  it('have exemplars of the latest, as OpenMetrics', async () => {
    const { hire, collector } = crew(start);
    const [a, b] = [await hire(), await hire()];
    await a.obey({ do: 'count', times: 1 });
    await b.obey({ do: 'count', times: 1 });
    const text = await collector.metrics({ openMetrics: true });
    expect(text).toMatch(/lock_hold_duration_seconds_bucket\{.*\} 2 # \{trace_id="a+\d+",span_id="b+\d+"\} 0\.001 \d+/);
    expect(text).toContain('# TYPE lock_acquire_attempts counter\nlock_acquire_attempts_total{');
    expect(text).not.toContain('_total_total');
    expect(text.endsWith('# EOF\n')).toBe(true);
    expect(await collector.metrics()).not.toContain('trace_id');
  });
});

describe('the metrics of several workers', () => {
  it('are those of their registries, whoever made them, by the rule of each metric', async () => {
    const { hire, sum } = crew(forked);
    const workers = await Promise.all([hire(), hire(), hire()]);
    for (const worker of workers) await worker.obey({ do: 'other' });
    expect(await sum('mine_total')).toBe(6);
    expect(await sum('sizes_sum')).toBe(15);
    const level = await sum('level');
    expect(level).toBeGreaterThanOrEqual(1);
    expect(level).toBeLessThanOrEqual(3);
    await workers[0]?.kill();
    await until(async () => (await sum('mine_total')) === 6);
    expect(await sum('sizes_count')).toBe(3);
  });

  it('include what one that is stuck said last, and everything once it is back', async () => {
    const { hire, sum } = crew(forked, { patienceMs: 100 });
    const [a, b] = [await hire(), await hire()];
    await a.obey({ do: 'count', times: 4 });
    expect(await sum(cycles)).toBe(4);
    await a.obey({ do: 'count', times: 4 });
    const stuck = a.obey({ do: 'block' });
    await b.obey({ do: 'count', times: 2 });
    expect(await sum(cycles)).toBe(6);
    await stuck;
    await until(async () => (await sum(cycles)) === 10);
  });

  it('do not wait for a metric of others that hangs, and do without one that throws', async () => {
    const { hire, sum } = crew(forked);
    const a = await hire();
    await a.obey({ do: 'slow' });
    await a.obey({ do: 'throw' });
    await a.obey({ do: 'count', times: 4 });
    expect(await sum(cycles)).toBe(4);
  });

  it('include those of this process', async () => {
    const registry = new Registry();
    new Counter({ name: 'mine_total', help: 'M.', registers: [registry] }).inc(5);
    const { hire, sum } = crew(forked, { registry });
    await (await hire()).obey({ do: 'other' });
    for (let n = 0; n < 3; n += 1) expect(await sum('mine_total')).toBe(7);
  });

  it('are all there for one that begins later, beside another or after it', async () => {
    const { hire, sum, collector } = crew(forked);
    const a = await hire();
    await a.obey({ do: 'count', times: 8 });
    expect(await sum(cycles)).toBe(8);
    const later = collectMetrics({ everyMs: 60_000, patienceMs: 10_000 });
    onTestFinished(() => later.close());
    later.add(a.worker);
    await a.obey({ do: 'count', times: 1 });
    await collector.refresh();
    const text = await later.metrics();
    expect(text).toMatch(/lock_hold_duration_seconds_count\{.*\} 9\n/);
    expect(await sum(cycles)).toBe(9);
  });

  it('are asked for in between, so that little is missing when one is killed', async () => {
    const { hire, sum } = crew(forked, { everyMs: 20 });
    const a = await hire();
    await a.obey({ do: 'count', times: 8 });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await a.kill();
    expect(await sum(cycles)).toBe(8);
  });

  it('do not grow with workers that come and go: their names become _other, their counts stay', async () => {
    const { hire, sum, collector } = crew(forked, { mostSeriesOfGone: 300 });
    const sizes: number[] = [];
    for (let n = 1; n <= 4; n += 1) {
      const worker = await hire();
      await worker.obey({ do: 'count', times: 300, names: 100 });
      await worker.obey({ do: 'exit' });
      await until(async () => (await sum(cycles)) === 300 * n);
      sizes.push((await collector.metrics()).length);
    }
    expect(sizes[3]).toBeLessThan(1.1 * (sizes[1] ?? 0));
    expect(await collector.metrics()).toContain('lock_name="_other"');
  });
});

describe('who reports or collects', () => {
  it('is not kept alive, and does no harm, where nobody listens', async () => {
    expect(await promisify(execFile)(process.execPath, [program])).toEqual({ stdout: '', stderr: '' });
  });

  it('is told of options that cannot work, all at once', () => {
    const wrong = { patienceMs: 0, everyMs: Number.NaN, mostSeriesOfGone: -1, registry: {} as never };
    expect(() => collectMetrics(wrong)).toThrow(/patienceMs.*everyMs.*mostSeriesOfGone.*registry/s);
  });
});
