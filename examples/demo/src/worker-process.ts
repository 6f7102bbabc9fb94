import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { JobName } from './jobs/index.ts';
import type { FromWorker, ToWorker } from './messages.ts';

const program = fileURLToPath(new URL('./worker.js', import.meta.url));
const maxComplaint = 2000;

/** How a worker ended. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of what it wrote to stderr. */
  readonly complaint: string;
}

/** One child process of the fleet. */
export class WorkerProcess {
  readonly name: string;
  readonly job: JobName;
  readonly ended: Promise<WorkerEnd>;
  /** Until it is ready, its end is a failure to start. */
  ready = false;
  readonly child: ChildProcess;
  #complaint = '';

  constructor(name: string, job: JobName, path: string, hear: (message: FromWorker) => void) {
    this.name = name;
    this.job = job;
    this.child = fork(program, [job, path], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    // Its metrics come on the same channel.
    this.child.on('message', (message: Partial<FromWorker>) => {
      if (message.kind !== undefined) hear(message as FromWorker);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-maxComplaint);
    });
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve({ code: 1, signal: null, complaint: error.message }));
      this.child.once('close', (code, signal) => resolve({ code, signal, complaint: this.#complaint.trim() }));
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Does nothing when it is not there to hear it. */
  send(message: ToWorker): void {
    if (this.child.connected) this.child.send(message, () => {});
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
