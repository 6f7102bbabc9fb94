/** So many starts in a row before other work of the process gets its turn. */
const startsInARow = 256;

/**
 * Starts what may start, soon but never within the call that asked for it, and lets timers and input have their turn
 * between many starts: handlers that never wait for anything would else keep everybody out.
 */
export class Turns<T extends { waking: boolean }> {
  readonly #start: (of: T) => boolean;
  #starts = 0;
  #asking: T[] = [];
  #scheduled = false;

  /** `start` starts one, and is true when it did. */
  constructor(start: (of: T) => boolean) {
    this.#start = start;
  }

  /** Something of this one may be able to start. */
  ask(of: T): void {
    if (of.waking) return;
    of.waking = true;
    this.#asking.push(of);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    const asking = this.#asking;
    this.#asking = [];
    for (const of of asking) of.waking = false;
    // One start for each in turn, so that the first one does not use up what all may start.
    for (let left = asking; left.length > 0;) {
      const next: T[] = [];
      for (const of of left) {
        if (!this.#start(of)) continue;
        this.#starts += 1;
        next.push(of);
      }
      left = next;
      if (this.#starts >= startsInARow) {
        this.#later(left);
        return;
      }
    }
  }

  #later(left: readonly T[]): void {
    for (const of of left) {
      if (of.waking) continue;
      of.waking = true;
      this.#asking.push(of);
    }
    this.#scheduled = true;
    nextTurn(() => {
      this.#starts = 0;
      this.#run();
    });
  }
}

/** After other work had its turn. A timer of 0 ms is the one that every runtime has. */
function nextTurn(run: () => void): void {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };
  if (setImmediate === undefined) setTimeout(run, 0);
  else setImmediate(run);
}
