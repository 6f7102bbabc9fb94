import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

/** How much a line matters, least first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where lines go: a Node stream, or anything that has the part of it that is needed. */
export interface LogStream {
  /** Gives `false` when it wants no more until it emits `drain`. */
  write(chunk: string): unknown;
  once?(event: 'drain', listener: () => void): unknown;
  on?(event: 'error' | 'close', listener: (error?: Error) => void): unknown;
  readonly isTTY?: boolean;
  readonly destroyed?: boolean;
  readonly writableEnded?: boolean;
}

/** A logger that exists already: pino, winston, `console`, or anything with these four. */
export interface Logger {
  debug(...args: never[]): unknown;
  info(...args: never[]): unknown;
  warn(...args: never[]): unknown;
  error(...args: never[]): unknown;
}

/** Options of {@link log}. */
export interface LogOptions {
  /** Where lines go. Default: `process.stdout` when `format` is given. */
  readonly stream?: LogStream;
  /** `json` is one line for each event, `pretty` a drawn tree for each possession. Default `json`. */
  readonly format?: 'json' | 'pretty';
  /** A logger that gets a sentence and fields, instead of a stream. */
  readonly logger?: Logger;
  /**
   * How the logger takes its arguments: fields first (`pino`, bunyan), or the sentence first (`winston`, `console`).
   * Default: recognised.
   */
  readonly style?: 'pino' | 'winston' | 'console';
  /** What matters less is left out. Default `debug`: everything. */
  readonly level?: LogLevel;
  /** Waiting this long is worth a warning, in milliseconds. Default 1000. */
  readonly longWaitMs?: number;
  /** Holding a lock this long is worth a warning, in milliseconds. Default: no length is. */
  readonly longHoldMs?: number;
  /**
   * What is long for some lock names, where it is not the same as for the others:
   * `{ 'orders/{id}': { longWaitMs: 100 } }`.
   */
  readonly names?: Readonly<Record<string, { readonly longWaitMs?: number; readonly longHoldMs?: number }>>;
  /**
   * How many lines of one kind about one lock name a logger gets in a window; the rest is counted, and the count is
   * logged when the window is over. Lines of level `debug` are not limited. Default 20 lines in 10,000 ms; `false`: no limit.
   */
  readonly rateLimit?: { readonly lines: number; readonly everyMs: number } | false;
  /** How many lines may wait for a stream that is full; the rest is dropped and counted. Default 10,000. */
  readonly maxBuffered?: number;
  /** Default: when the stream is a terminal and `NO_COLOR` is not set. `true` and `false` overrule both. */
  readonly colors?: boolean;
  /** Draws with `|` and `-` instead of box characters. Default `false`. */
  readonly ascii?: boolean;
}

type Defaulted =
  | 'format'
  | 'level'
  | 'longWaitMs'
  | 'longHoldMs'
  | 'names'
  | 'rateLimit'
  | 'maxBuffered'
  | 'colors'
  | 'ascii';
type ResolvedLogOptions = Required<Pick<LogOptions, Defaulted>>;

/** What was decided from the options: who gets the lines, and how. */
export type LogPlan = ResolvedLogOptions &
  (
    | { readonly to: 'logger'; readonly logger: Logger; readonly style: LogOptions['style'] }
    | { readonly to: 'stream'; readonly stream: LogStream }
    | { readonly to: 'nowhere' }
  );

const defaults = Object.freeze({
  format: 'json',
  level: 'debug',
  longWaitMs: 1000,
  longHoldMs: Number.POSITIVE_INFINITY,
  names: Object.freeze({}),
  rateLimit: Object.freeze({ lines: 20, everyMs: 10_000 }),
  maxBuffered: 10_000,
  ascii: false,
} as const);

const knownOptions = new Set([
  'stream',
  'format',
  'logger',
  'style',
  'level',
  'longWaitMs',
  'longHoldMs',
  'names',
  'rateLimit',
  'maxBuffered',
  'colors',
  'ascii',
]);
const knownLengths = new Set(['longWaitMs', 'longHoldMs']);
const knownOfRate = new Set(['lines', 'everyMs']);

/** Defaults filled in, all problems told at once. */
export function planLog(options: LogOptions): LogPlan {
  const problems = problemsOf(options);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const { logger, style, format } = options;
  const stream = options.stream ?? (format === undefined ? undefined : process.stdout);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const resolved = { ...defaults, colors: wantsColors(stream), ...given } as ResolvedLogOptions;
  if (logger !== undefined) return { ...resolved, to: 'logger', logger, style };
  return stream === undefined ? { ...resolved, to: 'nowhere' } : { ...resolved, to: 'stream', stream };
}

function problemsOf(options: LogOptions): string[] {
  const { stream, logger, format, style, level, longWaitMs, longHoldMs, rateLimit, maxBuffered } = options;
  const problems = unknownOptions(options, knownOptions);
  for (const lengths of Object.values(options.names ?? {}))
    problems.push(...unknownOptions(lengths ?? {}, knownLengths));
  if (rateLimit !== undefined && rateLimit !== false) problems.push(...unknownOptions(rateLimit ?? {}, knownOfRate));
  const oneOf = (name: string, value: string | undefined, allowed: readonly string[]): void => {
    if (value !== undefined && !allowed.includes(value))
      problems.push(`${name} must be ${allowed.join(' or ')}, got ${value}`);
  };
  const atLeast = (name: string, value: number | undefined, least: number, whole: boolean): void => {
    if (value === undefined || (value >= least && (!whole || Number.isSafeInteger(value)))) return;
    problems.push(`${name} must be ${whole ? 'an integer of ' : ''}at least ${least}, got ${String(value)}`);
  };
  if (stream !== undefined && logger !== undefined) problems.push('stream and logger exclude each other');
  if (format !== undefined && logger !== undefined) problems.push('format is for a stream, a logger has its own');
  if (stream !== undefined && typeof stream?.write !== 'function') problems.push('stream must have write()');
  for (const method of ['debug', 'info', 'warn', 'error'] as const) {
    if (logger !== undefined && typeof logger?.[method] !== 'function') problems.push(`logger must have ${method}()`);
  }
  oneOf('format', format, ['json', 'pretty']);
  oneOf('style', style, ['pino', 'winston', 'console']);
  oneOf('level', level, ['debug', 'info', 'warn', 'error']);
  atLeast('longWaitMs', longWaitMs, 0, false);
  atLeast('longHoldMs', longHoldMs, 0, false);
  for (const [name, lengths] of Object.entries(options.names ?? {})) {
    atLeast(`names[${JSON.stringify(name)}].longWaitMs`, lengths?.longWaitMs, 0, false);
    atLeast(`names[${JSON.stringify(name)}].longHoldMs`, lengths?.longHoldMs, 0, false);
  }
  atLeast('maxBuffered', maxBuffered, 0, true);
  if (rateLimit !== undefined && rateLimit !== false) {
    atLeast('rateLimit.lines', rateLimit?.lines ?? Number.NaN, 1, true);
    atLeast('rateLimit.everyMs', rateLimit?.everyMs ?? Number.NaN, 1, false);
    if (rateLimit?.everyMs > 2 ** 31 - 1)
      problems.push(`rateLimit.everyMs must be at most 2147483647, got ${rateLimit.everyMs}`);
  }
  return problems;
}

function wantsColors(stream: LogStream | undefined): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream?.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}
