/** Changes of one key, one after the other: those of this process need not get in each other's way. */
export class Lanes {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `call` when all before it in its lane have settled. */
  run<T>(lane: string, call: () => Promise<T>): Promise<T> {
    const before = this.#last.get(lane);
    const result = before === undefined ? call() : before.then(call);
    const leave = (): void => {
      if (this.#last.get(lane) === settled) this.#last.delete(lane);
    };
    const settled: Promise<void> = result.then(leave, leave);
    this.#last.set(lane, settled);
    return result;
  }
}
