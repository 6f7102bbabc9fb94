import { JsonListener } from './json-listener.ts';
import type { LogListener } from './log-listener.ts';
import { planLog, type LogOptions } from './log-options.ts';
import { LoggerListener } from './logger-listener.ts';
import { PrettyListener } from './pretty-listener.ts';

/**
 * A listener that writes what locks do: as JSON lines, as trees for people, or as sentences with fields to a logger
 * that exists already. Whatever becomes of the stream, the locks do not notice.
 *
 * With neither `stream`, `logger` nor `format` it tells nobody, and says so once as a process warning.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function log(options: LogOptions = {}): LogListener {
  const plan = planLog(options);
  if (plan.to === 'logger') return new LoggerListener(plan);
  if (plan.to === 'nowhere') return silent();
  return plan.format === 'pretty' ? new PrettyListener(plan) : new JsonListener(plan);
}

let warned = false;

/** Wants no type of event, so it costs nothing. */
function silent(): LogListener {
  if (!warned) {
    const text = "log() has nothing to write to. Give it a format ('pretty' or 'json'), a stream or a logger.";
    process.emitWarning(text, 'LockscopeLogWarning');
  }
  warned = true;
  return { name: 'log', types: [], dropped: 0, suppressed: 0, flush: () => Promise.resolve({ undelivered: 0 }) };
}
