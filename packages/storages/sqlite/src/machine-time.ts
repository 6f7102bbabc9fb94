import type { Clock } from '@lockscope/storage';

const stepMs = 1000;

/**
 * Turns times of the machine into epoch times. What is shown of a record is the same in all processes and from one look
 * to the next, and follows when somebody sets the wall clock by more than a second.
 */
export class MachineTime {
  readonly #clock: Clock;
  #bootedAt: number;

  /** @param bootedAt when the machine started, as all processes of its run have noted it, in epoch milliseconds. */
  constructor(clock: Clock, bootedAt: number) {
    this.#clock = clock;
    this.#bootedAt = bootedAt;
    this.now();
  }

  /** Milliseconds on the machine's clock, in steps of 1/1024 so that sums and differences are exact. */
  now(): number {
    const monotonic = this.#clock.monotonic();
    const bootedAt = this.#clock.now() - monotonic;
    if (Math.abs(bootedAt - this.#bootedAt) > stepMs) this.#bootedAt = Math.round(bootedAt);
    return Math.floor(monotonic * 1024) / 1024;
  }

  /** The epoch time of a machine time. */
  epoch(machineMs: number): number {
    return this.#bootedAt + machineMs;
  }

  /** When the machine started: no later than this ended what was there before. */
  get bootedAt(): number {
    return this.#bootedAt;
  }
}
