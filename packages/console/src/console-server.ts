import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { isAllowedHost } from './allowed-host.ts';
import { ConsoleListenError } from './errors.ts';

/** Answers a GET request. What it throws or rejects with becomes a 500. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const maxConnections = 128;

/** On every answer: nothing from elsewhere, nothing for elsewhere. */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** HTTP on one address, for browsers that know it by its own name. */
export class ConsoleServer {
  readonly #server: Server;
  readonly #handlers = new Map<string, RequestHandler>();
  readonly #names: readonly string[];
  #closed: Promise<void> | undefined;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.maxConnections = maxConnections;
  }

  /** False when there is a handler for that path already. */
  handle(path: string, handler: RequestHandler): boolean {
    if (this.#handlers.has(path)) return false;
    this.#handlers.set(path, handler);
    return true;
  }

  /** Gives the port. @throws {ConsoleListenError} */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const failed = (cause: Error): void => reject(new ConsoleListenError(host, port, cause));
      this.#server.once('error', failed);
      this.#server.listen(port, host, () => {
        this.#server.off('error', failed);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Ends every connection. */
  close(): Promise<void> {
    return (this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    }));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const { method = '', url = '/' } = request;
    if (!isAllowedHost(request.headers.host, this.#names))
      return say(response, 421, 'This console does not go by that name. See its option allowedHosts.');
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return say(response, 405, 'This console can only be looked at.');
    }
    const handler = this.#handlers.get(url.replace(/[?#].*$/s, ''));
    if (handler === undefined) return say(response, 404, 'There is nothing here.');
    try {
      await handler(request, response);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else say(response, 500, `That failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
