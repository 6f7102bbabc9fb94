import type { Sink } from '../../src/index.ts';

/** A destination of numbers that can be stuck, and that can be asked to do something with its next event. */
export class Gate<T = number> implements Sink<T> {
  readonly delivered: T[] = [];
  closes = 0;
  /** What waits while it is stuck. */
  held = 0;
  mostHeld = 0;
  #stuck: Promise<void> | undefined;
  #free: () => void = () => {};
  #act: (() => unknown) | undefined;

  readonly stick = (): void => {
    this.#stuck ??= new Promise((resolve) => (this.#free = resolve));
  };
  readonly unstick = (): void => {
    this.#stuck = undefined;
    this.#free();
  };
  readonly inside = (act: () => unknown): void => {
    this.#act = act;
  };

  async write(event: T): Promise<void> {
    this.held += 1;
    this.mostHeld = Math.max(this.mostHeld, this.held);
    const act = this.#act;
    this.#act = undefined;
    await act?.();
    while (this.#stuck !== undefined) await this.#stuck;
    this.held -= 1;
    this.delivered.push(event);
  }

  async close(): Promise<{ undelivered: number }> {
    this.closes += 1;
    return { undelivered: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
