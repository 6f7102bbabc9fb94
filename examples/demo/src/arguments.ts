import { parseArgs } from 'node:util';

/** What was asked for on the command line. */
export interface Arguments {
  readonly help: boolean;
  readonly port: number;
  /** Seconds from when all processes are at work; undefined: until somebody presses Ctrl-C. */
  readonly forSeconds: number | undefined;
  readonly open: boolean;
}

/** What is wrong with the command line, one sentence each. */
export class ArgumentsError extends Error {
  readonly code = 'ARGUMENTS';
}

export const usage = `A small fleet of processes that contend for locks in one SQLite file, and a page to watch them.

  npm start -- [options]

  --for <seconds>   end by itself after so long; default: run until Ctrl-C
  --port <number>   where the page is, from 0 (any free port) to 65535; default 7420, or the next one that is free
  --open            open the page in a browser
  --no-open         do not (the default)
  --help            this text
`;

const maxSeconds = 86_400;
const defaultPort = 7420;

/** @throws {ArgumentsError} naming everything that is wrong. */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, problems } = parse(args);
  const { port, for: seconds } = values;
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535))
    problems.push(`--port must be a number from 0 to 65535, got ${port}`);
  if (seconds !== undefined && !(Number(seconds) > 0 && Number(seconds) <= maxSeconds))
    problems.push(`--for must be a number of seconds above 0 and at most ${maxSeconds}, got ${seconds}`);
  if (values.open === true && values['no-open'] === true) problems.push('--open and --no-open cannot go together');
  if (problems.length > 0) throw new ArgumentsError(problems.join('\n'));
  return {
    help: values.help === true,
    port: port === undefined ? defaultPort : Number(port),
    forSeconds: seconds === undefined ? undefined : Number(seconds),
    open: values.open === true,
  };
}

const options = {
  for: { type: 'string' },
  port: { type: 'string' },
  open: { type: 'boolean' },
  'no-open': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

function parse(args: readonly string[]): { values: Values; problems: string[] } {
  try {
    return { values: parseArgs({ args: [...args], options }).values, problems: [] };
  } catch (error) {
    // Node's own words, up to where it begins to explain itself.
    const [message = ''] = (error instanceof Error ? error.message : String(error)).split('. ');
    return { values: {}, problems: [message] };
  }
}
