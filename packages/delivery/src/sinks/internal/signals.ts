/** Who waits for a signal: one listener for all, because Node warns of a leak when eleven of them listen by themselves. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `run` when the signal aborts, at once when it has. Gives what ends that; nothing is left behind on the signal. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) {
    run();
    return nothing;
  }
  let runs = waiting.get(signal);
  if (runs === undefined) {
    const all = (runs = new Set<() => void>());
    waiting.set(signal, all);
    const abort = (): void => {
      waiting.delete(signal);
      for (const each of all) each();
    };
    stops.set(all, () => {
      waiting.delete(signal);
      signal.removeEventListener('abort', abort);
    });
    signal.addEventListener('abort', abort, { once: true });
  }
  const mine = (): void => run();
  runs.add(mine);
  return () => {
    if (runs.delete(mine) && runs.size === 0) stops.get(runs)?.();
  };
}

const stops = new WeakMap<Set<() => void>, () => void>();

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
