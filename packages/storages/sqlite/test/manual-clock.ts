import type { MachineClock } from '../src/index.ts';

/** A clock that stands still until a test moves it. Waiting for it is not needed here. */
export class ManualClock implements MachineClock {
  bootId = 'boot-1';
  #wall = 1_700_000_000_000;
  #monotonic = 100_000;

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  advance(ms: number): void {
    this.#wall += ms;
    this.#monotonic += ms;
  }

  /** Somebody sets the wall clock. */
  stepWall(ms: number): void {
    this.#wall += ms;
  }

  /** The machine starts anew, and its monotonic clock with it. */
  reboot(bootId: string, monotonic: number): void {
    this.bootId = bootId;
    this.#monotonic = monotonic;
  }

  setTimeout(): never {
    throw new Error('a storage needs no timer of its own');
  }

  clearTimeout(): void {}
}
