import type { LogLine } from './log-line.ts';
import type { Logger, LogOptions } from './log-options.ts';

/** Hands a line to a logger the way it takes its arguments. */
export type Say = (line: LogLine) => void;

type AnyLogger = Record<LogLine['level'], (...args: unknown[]) => unknown>;

/** How a logger is spoken to; recognised when `style` is not given. */
export function sayTo(logger: Logger, style: LogOptions['style']): Say {
  const to = logger as unknown as AnyLogger;
  const fieldsFirst = style === undefined ? takesFieldsFirst(logger) : style === 'pino';
  return fieldsFirst
    ? ({ level, text, fields }) => void to[level](fields, text)
    : ({ level, text, fields }) => void to[level](text, fields);
}

/** Whether the logger itself would write a line of this level. Asked each time: levels change while a process runs. */
export function isEnabled(logger: Logger, level: LogLine['level']): boolean {
  const { isLevelEnabled } = logger as { isLevelEnabled?: (level: string) => unknown };
  return typeof isLevelEnabled !== 'function' || isLevelEnabled.call(logger, level) !== false;
}

/** pino and bunyan keep serializers for fields, and so take fields first. */
function takesFieldsFirst(logger: Logger): boolean {
  return Symbol.for('pino.serializers') in logger || 'serializers' in logger;
}
