import { parentPort } from 'node:worker_threads';
import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import { register } from 'prom-client';
import { RegistryReader, type ReadableRegistry } from './registry-reader.ts';
import { isQuestion, type MetricReport, type MetricsAnswer } from './worker-messages.ts';

/** Options of {@link reportMetrics}. */
export interface ReportOptions {
  /** What is told of. Default: prom-client's `register`. */
  readonly registry?: ReadableRegistry;
}

const known = new Set(['registry']);

/** What `reportMetrics()` gives. */
export interface MetricsReporter {
  /** Tells everything a last time, and listens no more. Resolves when it is on its way. */
  close(): Promise<void>;
}

/**
 * Tells the metrics of this worker to the `collectMetrics()` of its parent, whenever that asks. A worker is a process
 * of `node:cluster`, one that was forked with a channel, or a thread; anywhere else this does nothing.
 *
 * What counts since the last question is told once more when the process exits by itself; call `close()` before a
 * worker disconnects. Until then the worker listens to its parent, which keeps it alive.
 *
 * @throws {InvalidOptionsError} naming every option that there is not.
 */
export function reportMetrics(options: ReportOptions = {}): MetricsReporter {
  const { registry = register } = options;
  const problems = unknownOptions(options, known);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const parent = parentOf(process);
  return parent === undefined ? { close: () => Promise.resolve() } : new Reporter(new RegistryReader(registry), parent);
}

class Reporter implements MetricsReporter {
  readonly #reader: RegistryReader;
  readonly #parent: Parent;
  readonly #hear = (message: unknown): void => {
    if (isQuestion(message)) void this.#tell(message.id, message.all);
  };
  /** Nothing can be waited for any more. */
  readonly #last = (): void => {
    for (const metrics of inSmallMessages(this.#reader.own())) void this.#send({ metrics });
  };

  constructor(reader: RegistryReader, parent: Parent) {
    this.#reader = reader;
    this.#parent = parent;
    parent.port.on('message', this.#hear);
    process.once('exit', this.#last);
  }

  async close(): Promise<void> {
    this.#parent.port.off('message', this.#hear);
    process.off('exit', this.#last);
    await this.#tell(undefined, false);
  }

  async #tell(id: string | undefined, all: boolean): Promise<void> {
    const others = await this.#reader.others();
    if (all) this.#reader.forget();
    // What changed is read and sent in one step, so that answers carry their changes in order.
    await this.#send({ ...(id !== undefined && { id }), metrics: [...others, ...this.#reader.own()] });
  }

  /** A parent that is gone hears nothing, and that is no fault of the worker's. */
  async #send(answer: Omit<MetricsAnswer, 'lockscope'>): Promise<void> {
    await new Promise<void>((resolve) => {
      try {
        this.#parent.send({ lockscope: 'metrics', ...answer }, resolve);
      } catch {
        resolve();
      }
    });
  }
}

/** A process that exits has only the room that its channel has; what is 0, or of the moment, is not worth it. */
function* inSmallMessages(reports: readonly MetricReport[]): Generator<MetricReport[]> {
  for (const report of reports) {
    if (report.type === 'gauge') continue;
    const cells = report.cells.filter(({ values }) => values.some((value) => value !== 0));
    for (let from = 0; from < cells.length; from += cellsInMessage) {
      const changesOnly = report.changesOnly || from > 0;
      yield [{ ...report, changesOnly, cells: cells.slice(from, from + cellsInMessage) }];
    }
  }
}

const cellsInMessage = 50;

interface Parent {
  readonly port: {
    on(event: 'message', hear: (message: unknown) => void): unknown;
    off(event: 'message', hear: (message: unknown) => void): unknown;
  };
  send(answer: MetricsAnswer, sent: () => void): void;
}

function parentOf(me: NodeJS.Process): Parent | undefined {
  if (parentPort !== null) {
    const port = parentPort;
    return { port, send: (answer, sent) => (port.postMessage(answer), sent()) };
  }
  if (me.send === undefined) return undefined;
  return { port: me, send: (answer, sent) => (me.connected ? me.send?.(answer, sent) : sent()) };
}
