import { decodeEvent, EventFormatError } from '@lockscope/core';

import { Board, type Phase } from './board.ts';
import { resolveConsoleOptions, type ConsoleOptions } from './console-options.ts';
import { ConsoleServer, type RequestHandler } from './console-server.ts';
import { InvalidOptionsError } from '@lockscope/core';
import { EventStream } from './event-stream.ts';
import { limits } from './limits.ts';
import { pageFiles } from './page-files.ts';
import type { PageLink, View } from './page/view.ts';

/** A live page about the locks of many processes. The host tells it what they do; see {@link createConsole}. */
export interface LockConsole {
  /** Where the page is: `http://127.0.0.1:7420/`. */
  readonly url: string;
  readonly port: number;
  /**
   * Takes what a process tells of an event: its wire form, and whether it started, something happened in it, or it
   * ended. Tell all three of every event for a page that is up to date; with the ends alone, waits and locks show up
   * late. Never throws: what is no event is counted, and gives false.
   *
   * @param process the name of one life of a process; one that was started again has another name.
   */
  ingest(process: string, event: unknown, phase: Phase): boolean;
  /** Tells of a process before its first event. Not needed: it gives the page an id and a word on what it does. */
  processStarted(process: string, facts?: { readonly pid?: number; readonly about?: string }): void;
  /** Tells that a process is gone, and why. What it held is shown as held until its lease is over. */
  processGone(process: string, reason: string): void;
  /** Tells that messages got lost on the way, so the picture may be wrong. They are counted on the page. */
  missed(count: number): void;
  /** What the page shows now, all of it. Also as JSON at `/view`. */
  view(): View;
  /**
   * Serves GET and HEAD of one more path, behind the same checks as the page. With a `label` the page links to it.
   *
   * @throws {InvalidOptionsError} when the path does not start with a slash or is taken.
   */
  handle(path: string, handler: RequestHandler, options?: { readonly label?: string }): void;
  /** Ends every connection and frees the port. Closing again gives the same promise. */
  close(): Promise<void>;
}

/**
 * Opens a live page that shows who holds which lock and who waits for it.
 *
 * @throws {InvalidOptionsError} naming every option that cannot work.
 * @throws {ConsoleListenError} when the port is taken or may not be used.
 */
export async function createConsole(options: ConsoleOptions = {}): Promise<LockConsole> {
  const { port, host, allowedHosts, title, now } = resolveConsoleOptions(options);
  const board = new Board();
  const links: PageLink[] = [];
  const view = (since: number): View => ({ ...board.view(since, now()), title, links });
  const stream = new EventStream(view, () => board.revision, now);
  const server = new ConsoleServer([host, ...allowedHosts]);
  for (const [path, { type, text }] of pageFiles) {
    server.handle(path, (_request, response) => {
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(text());
    });
  }
  server.handle('/view', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(view(0)));
  });
  server.handle('/stream', (request, response) => {
    if (request.method === 'HEAD') response.end();
    else if (!stream.add(response)) response.writeHead(503).end('Too many pages are open.\n');
  });
  const listening = await server.listen(port, host);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listening}/`,
    port: listening,
    ingest: (process, event, phase) => ingest(board, process, event, phase, now()),
    processStarted: (process, facts = {}) => board.processStarted(process, facts, now()),
    processGone: (process, reason) => board.processGone(process, reason, now()),
    missed: (count) => board.missed(count),
    view: () => view(0),
    handle: (path, handler, { label } = {}) => {
      if (!path.startsWith('/')) throw new InvalidOptionsError([`path must start with a slash, got ${path}`]);
      if (!server.handle(path, handler)) throw new InvalidOptionsError([`path ${path} is taken`]);
      if (label !== undefined) links.push({ path, label });
    },
    close: () => {
      stream.close();
      return server.close();
    },
  };
}

const phases: ReadonlySet<unknown> = new Set<Phase>(['start', 'action', 'end']);

function ingest(board: Board, process: unknown, event: unknown, phase: Phase, now: number): boolean {
  try {
    if (typeof process !== 'string' || process === '' || process.length > limits.text)
      throw new EventFormatError('process', 'is not a name');
    if (!phases.has(phase) || (typeof event !== 'string' && (typeof event !== 'object' || event === null)))
      throw new EventFormatError('the whole', 'is not an event and its phase');
    // Calls to the storage are most of what is told, and nothing here shows them.
    if (isStorageCall(event)) board.skip();
    else board.apply(process, decodeEvent(event), phase, now);
    return true;
  } catch {
    board.malformed();
    return false;
  }
}

function isStorageCall(event: string | object): boolean {
  const type: unknown = typeof event === 'string' ? undefined : (event as { readonly type?: unknown }).type;
  return typeof type === 'string' && type.startsWith('storage.');
}
