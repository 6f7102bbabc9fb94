import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

/** Options of `createConsole`. */
export interface ConsoleOptions {
  /** Where the page is; 0 for any free port. Default 7420. */
  readonly port?: number;
  /** Which address of this machine it listens on. There is no password, so leave it as it is. Default `127.0.0.1`. */
  readonly host?: string;
  /**
   * Names under which browsers may ask for it, beside `localhost`, loopback addresses and `host`. Any other name in a
   * request's `Host` header is refused, so that a page of somebody else cannot read it. Default none.
   */
  readonly allowedHosts?: readonly string[];
  /** What the page says on top. At most 80 characters. Default `Lockscope`. */
  readonly title?: string;
  /** Epoch milliseconds. For tests. Default `Date.now`. */
  readonly now?: () => number;
}

const defaults = Object.freeze({
  port: 7420,
  host: '127.0.0.1',
  allowedHosts: [],
  title: 'Lockscope',
  now: (): number => Date.now(),
});
const known = new Set(Object.keys(defaults));
const maxTitle = 80;

/** Fills in and checks, once; all problems in one error. */
export function resolveConsoleOptions(options: ConsoleOptions): Required<ConsoleOptions> {
  const problems = unknownOptions(options, known);
  const resolved = { ...defaults, ...options };
  const { port, host, allowedHosts, title, now } = resolved;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    problems.push(`port must be a whole number from 0 to 65535, got ${show(port)}`);
  if (typeof host !== 'string' || host === '')
    problems.push(`host must be an address of this machine, got ${show(host)}`);
  if (!Array.isArray(allowedHosts) || allowedHosts.some((name) => typeof name !== 'string' || name === ''))
    problems.push(`allowedHosts must be a list of names, got ${show(allowedHosts)}`);
  if (typeof title !== 'string' || title === '' || title.length > maxTitle)
    problems.push(`title must be a text of 1 to ${maxTitle} characters, got ${show(title)}`);
  if (typeof now !== 'function') problems.push(`now must be a function, got ${typeof now}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return Object.freeze(resolved);
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
}
