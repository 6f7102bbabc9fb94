import type { EventClock } from '../src/index.ts';

/** A clock that stands still until a test moves it; its wall can be set without its monotonic side, as NTP does. */
export class HandClock implements EventClock {
  wall: number = Date.UTC(2026, 0, 1);
  reads = 0;
  #monotonic = 5000;

  now(): number {
    this.reads += 1;
    return this.wall;
  }

  monotonic(): number {
    this.reads += 1;
    return this.#monotonic;
  }

  advance(ms: number): void {
    this.wall += ms;
    this.#monotonic += ms;
  }
}
