import type { FakeClock } from '@lockscope/testkit';

/** Lets time pass in which nothing gets its turn, as while the event loop is blocked. */
export function passUnseen(clock: FakeClock, ms: number): void {
  const monotonic = clock.monotonic.bind(clock);
  clock.monotonic = () => monotonic() + ms;
}
