import { ArgumentsError, parseArguments, usage, type Arguments } from './arguments.ts';
import { runDemo } from './demo.ts';

try {
  const given = parseArguments(process.argv.slice(2));
  if (given.help) process.stdout.write(usage);
  else await run(given);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof ArgumentsError) process.stderr.write('--help says what there is.\n');
  process.exitCode = error instanceof ArgumentsError ? 2 : 1;
}

async function run(given: Arguments): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  // Who reads the output has gone, as with `| head`.
  process.stdout.on('error', () => stop.abort());
  await runDemo(given, stop.signal);
}
