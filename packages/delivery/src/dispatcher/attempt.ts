import { TimeLimitError } from './errors.ts';
import type { TopicHandler, EventContext } from './dispatcher.ts';

/** A context that its dispatcher can abort. */
export interface AbortableContext extends EventContext {
  abort(reason: unknown): void;
}

/** What is to be run, for {@link attempt}. */
export interface AttemptOptions<E> {
  readonly handler: TopicHandler<E>;
  /** Name of the handler. */
  readonly name: string;
  readonly event: E;
  readonly context: AbortableContext;
  readonly timeLimitMs: number | undefined;
  /** Told at the moment the limit is reached; the handler may run on. */
  readonly onLimit: (error: TimeLimitError) => void;
}

/**
 * Runs a handler once. Resolves or rejects when the handler has really ended: one that ignores its limit is not overtaken
 * by its next attempt. Past the limit it rejects with a `TimeLimitError`, whatever the handler made of it.
 */
export async function attempt<E>(options: AttemptOptions<E>): Promise<void> {
  const { handler, name, event, context, timeLimitMs, onLimit } = options;
  if (timeLimitMs === undefined) {
    await handler(event, context);
    return;
  }
  let late: TimeLimitError | undefined;
  const timer = setTimeout(() => {
    late = new TimeLimitError(context.topic, name, timeLimitMs);
    context.abort(late);
    onLimit(late);
  }, timeLimitMs);
  unref(timer);
  try {
    await handler(event, context);
  } catch (error) {
    if (late === undefined) throw error;
  } finally {
    clearTimeout(timer);
  }
  if (late !== undefined) throw late;
}

/** Makes its signal when somebody asks for it: most handlers do not. */
export class AttemptContext implements AbortableContext {
  readonly id: string;
  readonly topic: string;
  readonly attempt: number;
  readonly repeated: boolean;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(id: string, topic: string, count: number, repeated = false) {
    this.id = id;
    this.topic = topic;
    this.attempt = count;
    this.repeated = repeated;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }
}

/** A timer that waits for nothing the user awaits keeps no process alive. */
export function unref(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}
