import type { LockView, View } from '@lockscope/console';
import { seconds, statusLines } from './words.ts';

const everyMs = 2000;

/** A short summary every two seconds: on a terminal one block that is drawn anew, elsewhere one line each time. */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  readonly #view: () => View;
  #timer: ReturnType<typeof setInterval> | undefined;
  #lines = 0;

  constructor(out: NodeJS.WriteStream, view: () => View) {
    this.#out = out;
    this.#view = view;
  }

  start(): void {
    this.#timer = setInterval(() => this.#draw(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#lines = 0;
  }

  print(text: string): void {
    this.#out.write(`${text}\n`);
  }

  #draw(): void {
    const view = this.#view();
    if (!this.#out.isTTY) return this.print(statusLines(view).join('; '));
    const width = this.#out.columns;
    const lines = ['', ...view.locks.map((lock) => lockLine(lock, view.now)), '', ...statusLines(view)];
    const fitting = lines.slice(-Math.max(1, this.#out.rows - 4)).map((line) => line.slice(0, width - 1));
    const up = this.#lines === 0 ? '' : `\u001b[${this.#lines}A\u001b[J`;
    this.#lines = fitting.length;
    this.print(up + fitting.join('\n'));
  }
}

function lockLine({ key, holder, waiters, waiting }: LockView, now: number): string {
  const who = holder === undefined ? 'free' : `${holder.process} ${seconds(now - holder.since)}`;
  const over = holder?.leaseEnd !== undefined && holder.leaseEnd < now ? ' (lease over)' : '';
  const state = holder?.gone === undefined ? over : ' (gone)';
  const queue = waiters.map(({ process, since }) => `${process} ${seconds(now - since)}`).join(', ');
  return `  ${key.padEnd(14)} ${`${who}${state}`.padEnd(30)}${waiting === 0 ? '' : `<- ${queue}`}`.trimEnd();
}
