import type { Closed, CloseOptions } from '../closable.ts';
import { closeBehind } from './internal/closing.ts';
import { done, isThenable } from './internal/done.ts';
import { Passing } from './internal/passing.ts';
import { PredicateError } from './predicate-error.ts';
import type { Sink, WriteOptions } from './sink.ts';

/** Says whether an event is wanted, at once or later. */
export type Predicate<T> = (event: T) => boolean | PromiseLike<boolean>;

/** Says whether an event is wanted, and what it is then. */
export type Guard<T, S extends T> = (event: T) => event is S;

/**
 * Writes on what its predicate wants. What it does not want is committed by that. Events reach what is behind in the
 * order in which they were written, also when a predicate takes its time.
 *
 * A predicate that throws or rejects makes the write reject with a `PredicateError`: the event is neither let through
 * nor lost, its writer still has it.
 */
export class Filter<T, S extends T = T> implements Sink<T> {
  readonly #behind: Sink<S>;
  readonly #wants: Predicate<T>;
  readonly #passing: Passing<T>;
  #skipped = 0;
  /** The last event that waits for its predicate, or for one before it. */
  #last: Promise<unknown> | undefined;

  /** With a type guard what is behind only has to take what that lets through. */
  constructor(behind: Sink<S>, predicate: Guard<T, S> | Predicate<T>) {
    this.#behind = behind;
    this.#wants = predicate;
    this.#passing = new Passing<T>(
      this,
      (event, signal) => this.#commit(event, signal),
      (signal) => closeBehind(behind, signal),
    );
  }

  /** Events that the predicate did not want. */
  get skipped(): number {
    return this.#skipped;
  }

  write(event: T, options?: WriteOptions): Promise<void> {
    return this.#passing.write(event, options);
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#passing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #commit(event: T, signal: AbortSignal): Promise<void> {
    let wanted: boolean | PromiseLike<boolean>;
    try {
      wanted = this.#wants(event);
    } catch (error) {
      return Promise.reject(new PredicateError(error));
    }
    if (this.#last === undefined && !isThenable(wanted)) return this.#pass(event, wanted, signal);
    return this.#later(event, wanted, signal);
  }

  async #later(event: T, wanted: boolean | PromiseLike<boolean>, signal: AbortSignal): Promise<void> {
    const before = this.#last;
    const answer = Promise.resolve(wanted);
    const turn = (this.#last = Promise.allSettled([before, answer]));
    let is: boolean;
    try {
      await turn;
      is = await answer;
    } catch (error) {
      throw new PredicateError(error);
    } finally {
      if (this.#last === turn) this.#last = undefined;
    }
    if (signal.aborted) throw signal.reason;
    await this.#pass(event, is, signal);
  }

  #pass(event: T, wanted: boolean, signal: AbortSignal): Promise<void> {
    if (wanted) return this.#behind.write(event as S, { signal });
    this.#skipped += 1;
    return done;
  }
}
