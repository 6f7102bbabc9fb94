import type { HandlerContext } from '../bus/handlers.ts';
import { Link } from './chain.ts';
import type { DriverEvent, ReplyOutcome } from './driver-event.ts';
import { limit } from './limit.ts';
import {
  DriverClosedError,
  type RefusalReason,
  ReplyRefusedError,
  type RequestPhase,
  RequestTimeoutError,
} from './request-errors.ts';

/** How a request ended. */
export type RequestEnd = 'replied' | 'failed' | 'timed_out' | 'aborted' | 'closed';

/** Who is told what happens to events. */
export interface EventHooks {
  /** A request ended, by an answer or without one. Called once for each. */
  ended(event: QueuedEvent, end: RequestEnd): void;
  refused(error: ReplyRefusedError, event: QueuedEvent): void;
}

/** What a requester said. */
export interface Asked {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Refused = Extract<ReplyOutcome<never>, { status: 'refused' }>;

const noHeaders: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>);

/** An event from the call to its end. It stands in the chain of those that wait for room, or in the queue. */
export class QueuedEvent extends Link implements DriverEvent {
  readonly name: string;
  readonly payload: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly isRequest: boolean;
  phase: RequestPhase = 'waiting';
  /** Called when there was no room at first and it got into the queue, or never will. */
  admitted: ((refusal?: unknown) => void) | undefined = undefined;
  /** Called when a close does not wait any more for who works on it. */
  gaveUp: (() => void) | undefined = undefined;
  readonly #hooks: EventHooks;
  readonly #asked: Asked | undefined;
  readonly #overAt: number = Infinity;
  #cancel: (() => void) | undefined;
  #end: RequestEnd | undefined;
  #controller: AbortController | undefined;
  /** Why the signal has aborted, also when nobody has read the signal yet. */
  #reason: { readonly error: unknown } | undefined;

  constructor(
    name: string,
    payload: unknown,
    headers: Readonly<Record<string, string>> | undefined,
    hooks: EventHooks,
    asked?: Asked,
  ) {
    super();
    this.name = name;
    this.payload = payload;
    this.headers =
      headers === undefined
        ? noHeaders
        : Object.freeze(Object.assign(Object.create(null) as Record<string, string>, headers));
    this.#hooks = hooks;
    this.#asked = asked;
    this.isRequest = asked !== undefined;
    if (asked === undefined) return;
    const { timeoutMs, signal } = asked;
    this.#overAt = performance.now() + timeoutMs;
    this.#cancel = limit(timeoutMs, () => this.#timeOut());
    signal?.addEventListener('abort', this.#abort);
  }

  /** Made when it is first read: most are not, and it costs more than all the rest. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason.error);
    return this.#controller.signal;
  }

  async reply(work: (context: HandlerContext) => unknown): Promise<ReplyOutcome<unknown>> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return this.#refuse(refusal);
    this.phase = 'working';
    try {
      return this.#finish('replied', { status: 'replied', value: await work(this) });
    } catch (error) {
      return this.#finish('failed', { status: 'failed', error });
    }
  }

  fail(error: unknown): ReplyOutcome<never> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return this.#refuse(refusal);
    return this.#finish('failed', { status: 'failed', error });
  }

  /** Ends it without an answer: a close does not wait for it any more. */
  giveUp(): void {
    const error = new DriverClosedError();
    if (this.isRequest) this.#stop('closed', error);
    else this.#tellWorker(error);
    this.gaveUp?.();
  }

  /** Why no answer is taken, now that somebody wants to give one. */
  #refusal(): RefusalReason | undefined {
    if (!this.isRequest) return 'one_way';
    return this.#over() ?? (this.phase === 'working' ? 'twice' : undefined);
  }

  /** Why no answer is taken any more, also when the time is over and no timer could tell yet. */
  #over(): RefusalReason | undefined {
    if (this.#end === undefined && performance.now() >= this.#overAt) this.#timeOut();
    return this.#end === 'replied' || this.#end === 'failed' ? 'twice' : this.#end;
  }

  #refuse(reason: RefusalReason): Refused {
    const error = new ReplyRefusedError(this.name, reason);
    this.#hooks.refused(error, this);
    return { status: 'refused', error };
  }

  #finish<Outcome extends ReplyOutcome<unknown>>(end: 'replied' | 'failed', outcome: Outcome): Outcome | Refused {
    const over = this.#over();
    if (over !== undefined) return this.#refuse(over);
    this.#close(end);
    if (outcome.status === 'replied') this.#asked?.resolve(outcome.value);
    else if (outcome.status === 'failed') this.#asked?.reject(outcome.error);
    return outcome;
  }

  #timeOut(): void {
    const timeoutMs = this.#asked?.timeoutMs ?? Infinity;
    this.#stop('timed_out', new RequestTimeoutError(this.name, timeoutMs, this.phase));
  }

  readonly #abort = (): void => this.#stop('aborted', this.#asked?.signal?.reason);

  #stop(end: RequestEnd, error: unknown): void {
    if (this.#end !== undefined) return;
    this.#close(end);
    this.#asked?.reject(error);
    this.admitted?.(error);
    this.#tellWorker(error);
  }

  #tellWorker(error: unknown): void {
    this.#reason = { error };
    this.#controller?.abort(error);
  }

  #close(end: RequestEnd): void {
    this.#end = end;
    this.#cancel?.();
    this.#asked?.signal?.removeEventListener('abort', this.#abort);
    this.#hooks.ended(this, end);
  }
}
