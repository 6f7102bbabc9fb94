import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import type { Closed, CloseOptions } from '../closable.ts';
import { whenAborted } from '../internal/signals.ts';
import { Passing } from './internal/passing.ts';
import type { Sink, WriteOptions } from './sink.ts';

/** What a {@link FunctionSink} calls for each event. What it gives is waited for; that it throws or rejects is a refusal. */
export type Write<T> = (event: T, options: { readonly signal: AbortSignal }) => unknown;

/** Options of a {@link FunctionSink}. */
export interface FunctionSinkOptions {
  /** Called once, when the sink was closed and no write runs any more. */
  readonly close?: (options: { readonly signal: AbortSignal }) => unknown;
}

const known = new Set(['close']);

/**
 * A function as a sink. An event is committed when the function has returned, or when the promise that it gave has
 * resolved. The signal that it gets aborts when the writer or a closer gives up; the write is over then, whether the
 * function heeds it or not. Calls run side by side; put a `Queue` before it for one at a time.
 */
export class FunctionSink<T> implements Sink<T> {
  readonly #passing: Passing<T>;

  /** @throws {InvalidOptionsError} naming every option that there is not. */
  constructor(write: Write<T>, options: FunctionSinkOptions = {}) {
    const problems = unknownOptions(options, known);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.#passing = new Passing<T>(
      this,
      (event, turn) =>
        write(event, {
          get signal() {
            return turn.ownSignal;
          },
        }),
      async (signal) => {
        const gaveUp = whenAborted(signal);
        try {
          await Promise.race([options.close?.({ signal }), gaveUp.aborted]);
        } finally {
          gaveUp.release();
        }
        return 0;
      },
    );
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
}
