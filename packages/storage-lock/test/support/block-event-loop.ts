/** Keeps this thread busy, so that no timer, no promise and no answer gets its turn. */
export function blockEventLoop(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
