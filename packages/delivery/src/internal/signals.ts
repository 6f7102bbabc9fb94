/**
 * Who waits for a signal: one listener for all, because Node warns of a leak when eleven of them listen by themselves. It
 * stays on the signal, for as long as that lives: to put it there and take it away again for each write costs more than
 * the write.
 */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `run` when the signal aborts, at once when it has. Gives what ends that. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) {
    run();
    return nothing;
  }
  const runs = waiting.get(signal) ?? listening(signal);
  const mine = (): void => run();
  runs.add(mine);
  return () => void runs.delete(mine);
}

function listening(signal: AbortSignal): Set<() => void> {
  const runs = new Set<() => void>();
  waiting.set(signal, runs);
  const abort = (): void => {
    for (const run of runs) run();
  };
  signal.addEventListener('abort', abort, { once: true });
  return runs;
}

function nothing(): void {}

/** Several signals as one, until it is let go. */
export interface JoinedSignal {
  readonly signal: AbortSignal;
  release(): void;
}

/** Aborts when one of them does, with its reason. `AbortSignal.any` would leave something behind in the older one. */
export function joinSignals(...signals: readonly AbortSignal[]): JoinedSignal {
  const controller = new AbortController();
  const releases = signals.map((signal) => onAbort(signal, () => controller.abort(signal.reason)));
  return {
    signal: controller.signal,
    release: () => {
      for (const release of releases) release();
    },
  };
}

/** Settles as the promise does, or rejects with the signal's reason when that comes first. */
export async function untilAborted<V>(promise: PromiseLike<V>, signal: AbortSignal): Promise<V> {
  const gaveUp = whenAborted(signal);
  try {
    return await Promise.race([promise, gaveUp.aborted.then(() => Promise.reject(signal.reason))]);
  } finally {
    gaveUp.release();
  }
}

/** Resolves when the signal aborts; `release` stops to listen. */
export function whenAborted(signal: AbortSignal): { readonly aborted: Promise<void>; release(): void } {
  let release = nothing;
  const aborted = new Promise<void>((resolve) => (release = onAbort(signal, resolve)));
  return { aborted, release: () => release() };
}
