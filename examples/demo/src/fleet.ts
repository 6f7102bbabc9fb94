import type { LockConsole } from '@lockscope/console';
import { collectMetrics, type MetricsCollector } from '@lockscope/listener-prometheus';
import { jobs, type JobName } from './jobs/index.ts';
import type { FromWorker } from './messages.ts';
import { SpanList } from './span-list.ts';
import { WorkerProcess, type WorkerEnd } from './worker-process.ts';

const crew: readonly JobName[] = [
  'checkout',
  'checkout',
  'transfer',
  'transfer',
  'reprice',
  'report',
  'stalling',
  'import',
  'import',
];
/** The lock whose holder is killed, and how often. */
const deadly = { key: 'imports/feed', job: 'import', firstMs: 2500, everyMs: 9000, lookMs: 100, heldMs: 300 } as const;
const replaceAfterMs = 600;
/** A worker may be stuck: its metrics are then those of before. */
const patienceMs = 400;
/** How long workers may take to give everything back before they are killed. */
const stopMs = 1000;
/** So many failures of workers that nobody wanted are a failure of the demo. */
const maxFailures = 5;

/** The worker processes: starts them, hears them, kills one now and then, replaces the dead. */
export class Fleet {
  readonly spans = new SpanList((pid) => this.#names.get(pid));
  readonly metrics: MetricsCollector = collectMetrics({ patienceMs });
  /** Rejects when workers keep failing. */
  readonly failed: Promise<never>;
  started = 0;
  killed = 0;
  readonly #console: LockConsole;
  readonly #path: string;
  readonly #workers = new Set<WorkerProcess>();
  readonly #names = new Map<unknown, string>();
  readonly #counts = new Map<JobName, number>();
  readonly #doomed = new Set<WorkerProcess>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #failures = 0;
  #stopped: Promise<void> | undefined;
  #fail!: (error: Error) => void;
  #allReady!: () => void;

  constructor(lockConsole: LockConsole, path: string) {
    this.#console = lockConsole;
    this.#path = path;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  get size(): number {
    return this.#workers.size;
  }

  /** Resolves when all workers are at work. */
  start(): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.#allReady = resolve;
    });
    for (const job of crew) this.#startOne(job);
    return Promise.race([ready, this.failed]).then(() => this.#later(deadly.firstMs, () => this.#killOne()));
  }

  /** Ends every worker; those that cannot hear are killed. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  /** Ends every worker at once. */
  killAll(): void {
    for (const worker of this.#workers) worker.kill();
  }

  async #stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    const workers = [...this.#workers];
    for (const worker of workers) worker.send({ kind: 'stop' });
    const patience = setTimeout(() => this.killAll(), stopMs);
    await Promise.all(workers.map(({ ended }) => ended));
    clearTimeout(patience);
    this.metrics.close();
  }

  #startOne(job: JobName): void {
    const number = (this.#counts.get(job) ?? 0) + 1;
    this.#counts.set(job, number);
    const name = `${job}-${number}`;
    const worker = new WorkerProcess(name, job, this.#path, (message) => this.#hear(worker, message));
    this.#workers.add(worker);
    this.metrics.add(worker.child);
    this.#names.set(worker.pid, name);
    this.started += 1;
    this.#console.processStarted(name, { pid: worker.pid, about: jobs[job].about });
    void worker.ended.then((end) => this.#ended(worker, end));
  }

  #hear(worker: WorkerProcess, message: FromWorker): void {
    if (message.kind === 'ready') {
      worker.ready = true;
      if ([...this.#workers].every(({ ready }) => ready)) this.#allReady();
      return;
    }
    for (const [phase, event] of message.tellings) this.#console.ingest(worker.name, event, phase);
    this.spans.add(worker.name, message.spans);
    if (message.dropped > 0) this.#console.missed(message.dropped);
  }

  #ended(worker: WorkerProcess, end: WorkerEnd): void {
    this.#workers.delete(worker);
    if (this.#stopped !== undefined) return;
    const wanted = this.#doomed.delete(worker);
    this.#console.processGone(worker.name, wanted ? 'killed by the demo' : howItEnded(end));
    if (!wanted) this.#failures += 1;
    if (this.#failures >= maxFailures || (!worker.ready && !wanted)) {
      this.#fail(
        new Error(`${worker.name} ended, ${howItEnded(end)}${end.complaint === '' ? '' : `:\n${end.complaint}`}`),
      );
      return;
    }
    this.#later(replaceAfterMs, () => this.#startOne(worker.job));
  }

  /** Kills a worker that has the lock; looks again soon when there is none. */
  #killOne(): void {
    const { locks, now } = this.#console.view();
    const holder = locks.find(({ key }) => key === deadly.key)?.holder;
    const long = holder !== undefined && now - holder.since >= deadly.heldMs;
    const victim = long ? [...this.#workers].find(({ name }) => name === holder.process) : undefined;
    if (victim !== undefined) {
      this.#doomed.add(victim);
      this.killed += 1;
      victim.kill();
    }
    this.#later(victim === undefined ? deadly.lookMs : deadly.everyMs, () => this.#killOne());
  }

  #later(ms: number, run: () => void): void {
    if (this.#stopped !== undefined) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }
}

function howItEnded({ code, signal }: WorkerEnd): string {
  return signal === null ? `exit code ${code}` : `killed by ${signal}`;
}
