import type { HandlerContext } from '../bus/handlers.ts';
import type { ReplyRefusedError } from './request-errors.ts';

/** The names that a map has. */
export type NameOf<Map extends object> = keyof Map & string;

/** What goes with an event of that name. */
export type PayloadOf<Map extends object, Name extends NameOf<Map>> = Map[Name] extends (
  payload: infer Payload,
) => unknown
  ? Payload
  : never;

/** What is answered to an event of that name. */
export type ReplyOf<Map extends object, Name extends NameOf<Map>> = Map[Name] extends (payload: never) => infer Reply
  ? Awaited<Reply>
  : never;

/** What came of an answer. */
export type ReplyOutcome<Reply> =
  /** Who asked has it. */
  | { readonly status: 'replied'; readonly value: Reply }
  /** Who asked has the error. */
  | { readonly status: 'failed'; readonly error: unknown }
  /** Nobody has it. When the time was over before, the work was not done. */
  | { readonly status: 'refused'; readonly error: ReplyRefusedError };

/** An event as a consumer gets it. Made for it alone and never used again. */
export interface DriverEvent<Name extends string = string, Payload = unknown, Reply = unknown> {
  readonly name: Name;
  readonly payload: Payload;
  /** Whatever else goes with it. One that is missing is `undefined`, whatever its name. Frozen. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether somebody wants an answer. */
  readonly isRequest: boolean;
  /** Aborts when who asked does not wait any more, with the reason, and when a close gives the event up. */
  readonly signal: AbortSignal;

  /**
   * Does the work, which gets the signal, and answers with what it gives; what it throws goes to who asked, the same object. Never throws and
   * never rejects, so that one failure or one late answer ends no loop: the outcome tells. The work is not done when
   * nobody wants the answer (any more).
   */
  reply(work: (context: HandlerContext) => Reply | PromiseLike<Reply>): Promise<ReplyOutcome<Reply>>;

  /** Answers with an error: who asked gets this very object. Never throws. */
  fail(error: unknown): ReplyOutcome<never>;
}

/** An event of any of these names: the name narrows the payload and the reply. */
export type DriverEventOf<Map extends object, Name extends NameOf<Map> = NameOf<Map>> = {
  [N in Name]: DriverEvent<N, PayloadOf<Map, N>, ReplyOf<Map, N>>;
}[Name];
