import type { Action, Event, EventType } from '@lockscope/core';

import { durationText } from './duration-text.ts';
import { lengthsFor, levelOf, matters, type Thresholds } from './level-of.ts';
import { lineOfAction } from './line-of-action.ts';
import { lineOfEvent, type Loss } from './line-of-event.ts';
import type { LogListener } from './log-listener.ts';
import type { LogLine } from './log-line.ts';
import type { LogLevel, LogPlan } from './log-options.ts';
import { isEnabled, sayTo, type Say } from './logger-style.ts';
import { plainText } from './plain-text.ts';
import { RateLimit } from './rate-limit.ts';

const types: readonly EventType[] = ['lock', 'lock.acquire', 'lease.lost', 'lock.force_release', 'fence.rejected'];
const maxLosses = 1000;

/** Tells a logger what matters, in sentences. */
export class LoggerListener implements LogListener {
  readonly name = 'log';
  readonly types: readonly EventType[] = types;
  dropped = 0;
  readonly #plan: LogPlan & { readonly to: 'logger' };
  readonly #say: Say;
  /** That its acquire took long was told when it ended. */
  readonly #ofPossessions: Thresholds;
  readonly #limit: RateLimit | undefined;
  /** Evidence of losses whose possession has not ended yet, by root. */
  readonly #losses = new Map<string, Loss>();

  constructor(plan: LogPlan & { readonly to: 'logger' }) {
    const { logger, style, rateLimit } = plan;
    this.#plan = plan;
    this.#say = sayTo(logger, style);
    const holds = Object.entries(plan.names).map(([name, { longHoldMs }]) => [name, { longHoldMs }]);
    this.#ofPossessions = { longWaitMs: Infinity, longHoldMs: plan.longHoldMs, names: Object.fromEntries(holds) };
    if (rateLimit !== false) this.#limit = new RateLimit(rateLimit, this.#noteFor(rateLimit.everyMs));
  }

  get suppressed(): number {
    return this.#limit?.suppressed ?? 0;
  }

  onAction(event: Event, action: Action): void {
    const line = lineOfAction(event, action, lengthsFor(this.#plan, event.lockName));
    if (line !== undefined && this.#wants(line.level)) this.#write(event, action.startedAt, line);
  }

  on(event: Event): void {
    if (event.type === 'lease.lost') return this.#remember(event.rootId, event.details);
    const loss = event.type === 'lock' && event.outcome === 'lost' ? this.#recall(event.rootId) : undefined;
    const level = levelOf(event, event.type === 'lock' ? this.#ofPossessions : this.#plan);
    if (!this.#wants(level)) return;
    const sentence = lineOfEvent(event, loss);
    if (sentence !== undefined) this.#write(event, event.endedAt ?? event.startedAt, { level, ...sentence });
  }

  flush(): Promise<{ readonly undelivered: number }> {
    this.#limit?.flush();
    return Promise.resolve({ undelivered: 0 });
  }

  #remember(rootId: string, loss: Loss | undefined): void {
    if (loss !== undefined && this.#losses.size < maxLosses) this.#losses.set(rootId, loss);
  }

  #recall(rootId: string): Loss | undefined {
    const loss = this.#losses.get(rootId);
    this.#losses.delete(rootId);
    return loss;
  }

  #wants(level: LogLevel): boolean {
    return matters(level, this.#plan.level) && isEnabled(this.#plan.logger, level);
  }

  #write(event: Event, at: number, line: LogLine): void {
    const { 'event.name': kind, 'lock.outcome': outcome = '' } = line.fields;
    const limited = line.level !== 'debug' && this.#limit !== undefined;
    if (limited && !this.#limit.admit(event.lockName, `${kind} ${outcome}`.trim(), at)) return;
    this.#say(line);
  }

  /** Called by a timer too, where nobody would catch what a logger throws. */
  #noteFor(everyMs: number): ConstructorParameters<typeof RateLimit>[1] {
    return (lockName, kind, count) => {
      const lines = count === 1 ? '1 more line' : `${count} more lines`;
      const text = `lock ${plainText(lockName)}: ${lines} of ${plainText(kind)} left out, within ${durationText(everyMs)}`;
      const name = kind.split(' ', 1)[0] ?? kind;
      try {
        this.#say({ level: 'warn', text, fields: { 'event.name': name, 'lock.name': lockName, reason: 'rate_limit' } });
      } catch {
        this.dropped += 1;
      }
    };
  }
}
