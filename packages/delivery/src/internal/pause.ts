import { onAbort } from './signals.ts';

/** A longer timer would fire at once. */
export const longestTimerMs: number = 2 ** 31 - 1;

/** Resolves after so many milliseconds, however many they are; rejects with the signal's reason when it aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = ms;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let release: (() => void) | undefined;
    const next = (): void => {
      if (!(left > 0)) {
        release?.();
        resolve();
        return;
      }
      const step = Math.min(left, longestTimerMs);
      left -= step;
      timer = setTimeout(next, step);
    };
    next();
    if (signal === undefined) return;
    release = onAbort(signal, () => {
      clearTimeout(timer);
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the reason is what the caller gave
      reject(signal.reason);
    });
  });
}
