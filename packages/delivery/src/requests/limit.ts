const longestTimerMs = 2 ** 31 - 1;

/** Acts after so many milliseconds, however many they are, and never after `Infinity`. Gives the way to cancel it. */
export function limit(ms: number, act: () => void): () => void {
  if (ms === Infinity) return nothing;
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number): void => {
    timer =
      left > longestTimerMs ? setTimeout(() => wait(left - longestTimerMs), longestTimerMs) : setTimeout(act, left);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

function nothing(): void {}
