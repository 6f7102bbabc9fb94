import { encodeEvent, type Event } from '@lockscope/core';

import { levelOf, matters } from './level-of.ts';
import { LineWriter } from './line-writer.ts';
import type { LogListener } from './log-listener.ts';
import type { LogPlan } from './log-options.ts';

/** Writes each event that has ended as one line of JSON. */
export class JsonListener implements LogListener {
  readonly name = 'log';
  readonly suppressed = 0;
  readonly #plan: LogPlan;
  readonly #writer: LineWriter;

  constructor(plan: LogPlan & { readonly to: 'stream' }) {
    this.#plan = plan;
    this.#writer = new LineWriter(plan.stream, plan.maxBuffered);
  }

  get dropped(): number {
    return this.#writer.dropped;
  }

  on(event: Event): void {
    const { level } = this.#plan;
    if (level === 'debug' || matters(levelOf(event, this.#plan), level)) this.#writer.write(encodeEvent(event));
  }

  flush({ timeoutMs = 5000 }: { readonly timeoutMs?: number } = {}): Promise<{ readonly undelivered: number }> {
    return this.#writer.flush(timeoutMs);
  }
}
