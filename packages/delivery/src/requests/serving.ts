import type { ServedEvent } from './consumer.ts';
import type { EventQueue } from './event-queue.ts';
import type { QueuedEvent } from './queued-event.ts';
import { UnhandledEventError } from './request-errors.ts';

type Handler = (payload: unknown, event: ServedEvent) => unknown;

/** The work of one `serve`. */
export class Serving {
  readonly #queue: EventQueue;
  readonly #handlers: Readonly<Record<string, unknown>>;
  readonly #events = new Set<QueuedEvent>();
  #told: (() => void) | undefined;

  constructor(queue: EventQueue, handlers: Readonly<Record<string, unknown>>) {
    this.#queue = queue;
    this.#handlers = handlers;
  }

  get running(): number {
    return this.#events.size;
  }

  start(event: QueuedEvent): void {
    this.#events.add(event);
    void this.#work(event);
    // What a close gives up is not waited for.
    if (this.#events.has(event)) event.gaveUp = () => this.#leave(event);
  }

  oneDone(): Promise<void> {
    return new Promise((resolve) => (this.#told = resolve));
  }

  async allDone(): Promise<void> {
    while (this.#events.size > 0) await this.oneDone();
  }

  async #work(event: QueuedEvent): Promise<void> {
    if (event.isRequest) await event.reply(() => this.#handle(event));
    else {
      this.#queue.working(event);
      try {
        await this.#handle(event);
      } catch (error) {
        this.#queue.fault(error, event);
      }
      this.#queue.done(event);
    }
    this.#leave(event);
  }

  #handle(event: QueuedEvent): unknown {
    const { name, payload } = event;
    const handler = Object.hasOwn(this.#handlers, name) ? this.#handlers[name] : undefined;
    if (typeof handler !== 'function') throw new UnhandledEventError(name);
    return (handler as Handler)(payload, event);
  }

  #leave(event: QueuedEvent): void {
    this.#events.delete(event);
    this.#told?.();
  }
}
