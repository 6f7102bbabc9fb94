import type { Clock } from './clock.ts';

/** The outcome of a call, or a rejection after `timeoutMs`; then `late` hears when it went well after all. */
export async function within<T>(
  clock: Clock,
  timeoutMs: number,
  what: string,
  call: () => Promise<T>,
  late: () => void = () => undefined,
): Promise<T> {
  let isLate = false;
  const called = (async () => call())();
  called.then(
    () => isLate && late(),
    () => undefined,
  );
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      isLate = true;
      reject(new Error(`${what} was not answered within ${timeoutMs} ms`));
    }, timeoutMs);
    called.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}
