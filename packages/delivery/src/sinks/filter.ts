import type { Closed, CloseOptions } from '../closable.ts';
import { closeBehind } from '../internal/closing.ts';
import { done, isThenable } from '../internal/done.ts';
import { Passing } from './internal/passing.ts';
import type { Turn } from './internal/turn.ts';
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
      (event, turn) => this.#commit(event, turn),
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

  #commit(event: T, turn: Turn): Promise<void> {
    let wanted: boolean | PromiseLike<boolean>;
    try {
      wanted = this.#wants(event);
    } catch (error) {
      return Promise.reject(new PredicateError(error));
    }
    if (this.#last === undefined && !isThenable(wanted)) return this.#pass(event, wanted, turn);
    return this.#later(event, wanted, turn);
  }

  async #later(event: T, wanted: boolean | PromiseLike<boolean>, turn: Turn): Promise<void> {
    const before = this.#last;
    const answer = Promise.resolve(wanted);
    const last = (this.#last = Promise.allSettled([before, answer]));
    let is: boolean;
    try {
      await last;
      is = await answer;
    } catch (error) {
      throw new PredicateError(error);
    } finally {
      if (this.#last === last) this.#last = undefined;
    }
    const { signal } = turn;
    if (signal.aborted) throw signal.reason;
    await this.#pass(event, is, turn);
  }

  #pass(event: T, wanted: boolean, turn: Turn): Promise<void> {
    if (wanted) return this.#behind.write(event as S, turn);
    this.#skipped += 1;
    return done;
  }
}
