import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleListenError, createConsole, type LockConsole } from '@lockscope/console';
import type { Arguments } from './arguments.ts';
import { Fleet } from './fleet.ts';
import { openBrowser } from './open-browser.ts';
import { Terminal } from './terminal.ts';
import { summary } from './words.ts';

const portsToTry = 20;

/** Runs the fleet and its page until `stopped` aborts or the time is over, and leaves nothing behind. */
export async function runDemo({ port, forSeconds, open }: Arguments, stopped: AbortSignal): Promise<void> {
  const terminal = new Terminal(process.stdout, () => lockConsole.view());
  const lockConsole = await openConsole(port, (text) => terminal.print(text));
  const folder = mkdtempSync(join(tmpdir(), 'lockscope-demo-'));
  const fleet = new Fleet(lockConsole, join(folder, 'locks.db'));
  servePages(lockConsole, fleet);
  try {
    terminal.print(`\nOpen ${lockConsole.url} to see who holds which lock and who waits for it.`);
    terminal.print(`Metrics for Prometheus: ${lockConsole.url}metrics   Spans: ${lockConsole.url}spans`);
    terminal.print('Ctrl-C ends it all.\n');
    const aborted = onceAborted(stopped);
    await Promise.race([fleet.start(), aborted]);
    const startedAt = performance.now();
    if (!stopped.aborted) {
      terminal.print(`${fleet.size} processes are at work on one SQLite file.`);
      if (open) openBrowser(lockConsole.url);
      terminal.start();
      await Promise.race([fleet.failed, aborted, ...(forSeconds === undefined ? [] : [after(forSeconds, stopped)])]);
    }
    terminal.stop();
    const { totals } = lockConsole.view();
    const ranMs = performance.now() - startedAt;
    await fleet.stop();
    terminal.print(`\n${summary(totals, ranMs, fleet)}`);
  } finally {
    terminal.stop();
    await fleet.stop();
    await lockConsole.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** On the port that was asked for, or the next one that is free. */
async function openConsole(port: number, say: (text: string) => void): Promise<LockConsole> {
  for (let tried = port; ; tried += 1) {
    try {
      return await createConsole({ port: tried, title: 'Lockscope demo' });
    } catch (error) {
      const busy = error instanceof ConsoleListenError && (error.cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!busy || tried + 1 >= Math.min(port + portsToTry, 65_536)) throw error;
      say(`Port ${tried} is busy, trying ${tried + 1}.`);
    }
  }
}

function servePages(lockConsole: LockConsole, { metrics, spans }: Fleet): void {
  const plain = 'text/plain; charset=utf-8';
  lockConsole.handle(
    '/metrics',
    async (_request, response) => {
      const text = await metrics.metrics();
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
    },
    { label: 'Metrics' },
  );
  lockConsole.handle(
    '/spans',
    (_request, response) => void response.writeHead(200, { 'content-type': plain }).end(spans.text()),
    { label: 'Spans' },
  );
  lockConsole.handle('/spans.json', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(spans.all));
  });
}

function onceAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function after(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
