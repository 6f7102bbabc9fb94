/** Several signals as one, until it is let go: a signal that lives long must not keep what hung on it. */
export interface JoinedSignal {
  readonly signal: AbortSignal;
  release(): void;
}

/** Aborts when one of them does, with its reason. `AbortSignal.any` would leave something behind in the older one. */
export function joinSignals(first: AbortSignal, second: AbortSignal): JoinedSignal {
  const controller = new AbortController();
  const signals = [first, second];
  const release = (): void => {
    for (const signal of signals) signal.removeEventListener('abort', abort);
  };
  const abort = ({ target }: { target: unknown }): void => {
    release();
    controller.abort((target as AbortSignal).reason);
  };
  for (const signal of signals) {
    if (signal.aborted) {
      abort({ target: signal });
      break;
    }
    signal.addEventListener('abort', abort);
  }
  return { signal: controller.signal, release };
}

/** Settles as the promise does, or rejects with the signal's reason when that comes first. */
export async function untilAborted<V>(promise: PromiseLike<V>, signal: AbortSignal): Promise<V> {
  const gaveUp = whenAborted(signal);
  try {
    return await Promise.race([promise, gaveUp.aborted.then(() => Promise.reject(signal.reason as Error))]);
  } finally {
    gaveUp.release();
  }
}

/** Resolves when the signal aborts; `release` stops to listen. */
export function whenAborted(signal: AbortSignal): { readonly aborted: Promise<void>; release(): void } {
  let abort: (() => void) | undefined;
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', (abort = resolve as () => void));
  });
  return {
    aborted,
    release: () => {
      if (abort !== undefined) signal.removeEventListener('abort', abort);
    },
  };
}
