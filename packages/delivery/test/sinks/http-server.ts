import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';

/** One request that arrived, with its whole body. */
export interface Arrived {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: string;
  /** Counted from 1. */
  readonly count: number;
}

/** A server on a free port of this machine that does what it is told with each request. */
export class LocalServer implements AsyncDisposable {
  readonly url: string;
  readonly arrived: Arrived[] = [];
  connections = 0;
  readonly #server: Server;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.url = `${scheme}://localhost:${(server.address() as AddressInfo).port}/hook`;
    server.on(scheme === 'https' ? 'secureConnection' : 'connection', () => (this.connections += 1));
  }

  static async start(
    answer: (arrived: Arrived) => void,
    tls?: { readonly key: string; readonly cert: string },
  ): Promise<LocalServer> {
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (text: string) => (body += text));
      request.on('end', () => {
        const arrived = { request, response, body, count: local.arrived.length + 1 };
        local.arrived.push(arrived);
        answer(arrived);
      });
    };
    const server = tls === undefined ? createServer(take) : createSecure(tls, take);
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    const local = new LocalServer(server, tls === undefined ? 'http' : 'https');
    return local;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
