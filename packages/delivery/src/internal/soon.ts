let waiting: (() => void)[] = [];

/**
 * Runs something after other work had its turn. What is asked for meanwhile runs in the same turn, so that a thousand
 * queues cost one turn and not a thousand. `run` must not throw.
 */
export function soon(run: () => void): void {
  if (waiting.push(run) > 1) return;
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };
  // A timer of 0 ms is the turn that every runtime has.
  if (setImmediate === undefined) setTimeout(runAll, 0);
  else setImmediate(runAll);
}

function runAll(): void {
  const now = waiting;
  waiting = [];
  for (const run of now) run();
}

/** Resolves after other work had its turn. */
export function nextTurn(): Promise<void> {
  return new Promise(soon);
}
