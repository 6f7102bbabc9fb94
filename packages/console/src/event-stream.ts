import type { ServerResponse } from 'node:http';

import type { View } from './page/view.ts';

/** At most four times a second. */
const everyMs = 250;
/** A client hears at least this often, so that both sides notice when the other is gone. */
const quietMs = 2000;
/** A client that does not read for so long is let go. */
const patienceMs = 30_000;
const maxClients = 32;

interface Client {
  readonly response: ServerResponse;
  /** It has everything up to here. */
  revision: number;
  sentAt: number;
}

/**
 * Sends the picture to every open page as server-sent events: all of it once, then what is new. Nothing is buffered
 * for a page that reads slowly: it gets what is new when it has read what it has.
 */
export class EventStream {
  readonly #view: (since: number) => View;
  readonly #revision: () => number;
  readonly #now: () => number;
  readonly #clients = new Set<Client>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(view: (since: number) => View, revision: () => number, now: () => number) {
    this.#view = view;
    this.#revision = revision;
    this.#now = now;
  }

  /** False when there are too many open pages. */
  add(response: ServerResponse): boolean {
    if (this.#clients.size >= maxClients) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 1000\n\n');
    const client: Client = { response, revision: 0, sentAt: 0 };
    this.#clients.add(client);
    response.on('close', () => this.#remove(client));
    this.#send(client);
    this.#timer ??= setInterval(() => this.#tick(), everyMs).unref();
    return true;
  }

  close(): void {
    for (const client of this.#clients) {
      client.response.end();
      this.#remove(client);
    }
  }

  #tick(): void {
    const now = this.#now();
    for (const client of this.#clients) {
      const idleMs = now - client.sentAt;
      if (client.response.writableNeedDrain) {
        if (idleMs > patienceMs) client.response.destroy();
      } else if (client.revision < this.#revision() || idleMs >= quietMs) this.#send(client);
    }
  }

  #send(client: Client): void {
    const view = this.#view(client.revision);
    client.revision = view.revision;
    client.sentAt = view.now;
    client.response.write(`event: view\ndata: ${JSON.stringify(view)}\n\n`);
  }

  #remove(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
