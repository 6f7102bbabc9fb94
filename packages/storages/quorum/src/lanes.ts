/** Calls that must not overtake each other: those of one lane run one after the other, in the order of asking. */
export class Lanes {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `call` in this turn when its lane is empty, else once all before it have settled. Never throws at once. */
  run<T>(lane: string, call: () => Promise<T>): Promise<T> {
    const before = this.#last.get(lane);
    const result = before === undefined ? started(call) : before.then(call);
    const leave = (): void => {
      if (this.#last.get(lane) === settled) this.#last.delete(lane);
    };
    const settled: Promise<void> = result.then(leave, leave);
    this.#last.set(lane, settled);
    return result;
  }

  /** Resolves when everything that was asked for up to now has settled. */
  async settled(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}

/** What throws at once rejects. */
export async function started<T>(call: () => Promise<T>): Promise<T> {
  return call();
}
