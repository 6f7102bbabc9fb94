import type { Closable, Closed, CloseOptions } from '../closable.ts';

import { done, isThenable } from './done.ts';
import { onAbort, whenAborted } from './signals.ts';
import { longestTimerMs } from './pause.ts';
import { nextTurn } from './soon.ts';

/** What is known to end at its signal, so that whoever closes it may wait for its count. */
const punctual = new WeakSet<object>();

/** To be said of a destination whose close ends at its signal. */
export function endsAtSignal(closable: object): void {
  punctual.add(closable);
}

/** One end for all who close. While one waits who gave a signal, the process stays alive to see it. */
export class Closing {
  readonly #end: (signal: AbortSignal) => Promise<Closed>;
  readonly #giveUp: () => void;
  readonly #controller = new AbortController();
  #ended: Promise<Closed> | undefined;
  #over = false;
  /** Signals of closers, and what lets go of them. */
  readonly #followed = new Map<AbortSignal, () => void>();
  #awake: ReturnType<typeof setInterval> | undefined;

  /**
   * @param owner what is closed
   * @param end delivers what was accepted, then closes what is behind
   * @param giveUp called once, at once, when the signal of a closer aborts, and before `signal` does
   */
  constructor(owner: object, end: (signal: AbortSignal) => Promise<Closed>, giveUp: () => void = () => {}) {
    this.#end = end;
    this.#giveUp = giveUp;
    endsAtSignal(owner);
  }

  get begun(): boolean {
    return this.#ended !== undefined;
  }

  /** Aborts when a closer gives up. To be handed to everything that close waits for. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  close(options?: CloseOptions): Promise<Closed> {
    if (this.#ended === undefined) {
      this.#ended = this.#run();
      // Whoever closes without looking back has not asked for the end of the process.
      this.#ended.then(undefined, () => {});
    }
    const signal = options?.signal;
    if (signal !== undefined && !this.#over && !this.signal.aborted) this.#follow(signal);
    return this.#ended;
  }

  async #run(): Promise<Closed> {
    // The first closer's signal is followed before anything is waited for.
    await done;
    try {
      return Object.freeze(await this.#end(this.signal));
    } finally {
      this.#over = true;
      clearInterval(this.#awake);
      for (const release of this.#followed.values()) release();
      this.#followed.clear();
    }
  }

  #follow(signal: AbortSignal): void {
    if (this.#followed.has(signal)) return;
    // The timer of an AbortSignal.timeout does not keep the process alive, and whoever gave it waits for the count.
    if (!signal.aborted) this.#awake ??= setInterval(() => {}, longestTimerMs);
    const abort = (): void => {
      if (this.signal.aborted) return;
      this.#giveUp();
      this.#controller.abort(signal.reason);
    };
    this.#followed.set(signal, onAbort(signal, abort));
  }
}

/** Closes what is behind. Ends soon after the signal, whatever that does; gives how many it gave up. */
export async function closeBehind(behind: Closable, signal: AbortSignal): Promise<number> {
  const closed: unknown = behind.close({ signal });
  if (!isThenable(closed) || punctual.has(behind)) return undeliveredOf(await closed);
  const gaveUp = whenAborted(signal);
  try {
    const late = gaveUp.aborted.then(nextTurn).then(nextTurn);
    return undeliveredOf(await Promise.race([closed, late]));
  } finally {
    gaveUp.release();
  }
}

/** Closes several, all of them whatever becomes of the others. */
export async function closeAllBehind(all: readonly Closable[], signal: AbortSignal): Promise<number> {
  const ends = await Promise.allSettled(all.map((each) => closeBehind(each, signal)));
  const errors = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} destinations failed to close`);
  return ends.reduce((sum, end) => sum + (end.status === 'fulfilled' ? end.value : 0), 0);
}

/** A destination that somebody wrote in JavaScript may give nothing. */
function undeliveredOf(closed: unknown): number {
  const undelivered = (closed as Partial<Closed> | undefined)?.undelivered;
  return typeof undelivered === 'number' && undelivered > 0 ? undelivered : 0;
}
