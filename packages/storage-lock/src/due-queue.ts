import type { Clock, Timer } from '@lockscope/storage';
import { afterwards } from './afterwards.ts';

/** Something that wants to be called at a moment, and may change its mind. */
export abstract class Due {
  /** On the monotonic clock. */
  dueAt = 0;
  /** How much earlier it may be called when the queue is at work anyway. */
  earlyMs = 0;
  /** Where it stands in the queue; -1 when it does not. */
  position = -1;
  /** The last pass in which it was called. */
  pass = 0;

  /** Called once it is due; `lateMs` is how late, which is how long the event loop was busy; never below 0. Must not throw. */
  abstract due(now: number, lateMs: number): void;
}

/**
 * All moments that one set of locks waits for, behind one timer, so that a lock that is held and released in between
 * costs two steps in a heap and no timer of its own. The timer does not keep the process alive.
 */
export class DueQueue {
  readonly #clock: Clock;
  readonly #heap: Due[] = [];
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #arming = false;
  #passes = 0;

  readonly #pass: { readonly begins: () => void; readonly ends: () => void } | undefined;

  /** `pass` is told before and after all that is due at one moment. */
  constructor(clock: Clock, pass?: { readonly begins: () => void; readonly ends: () => void }) {
    this.#clock = clock;
    this.#pass = pass;
  }

  /** Puts `item` in, or moves it to another moment. */
  set(item: Due, dueAt: number): void {
    item.dueAt = dueAt;
    if (item.position === -1) {
      item.position = this.#heap.length;
      this.#heap.push(item);
    }
    this.#sift(item);
    const first = this.#heap[0] as Due;
    if (first.dueAt < this.#timerAt && !this.#arming) this.#armSoon();
  }

  delete(item: Due): void {
    const { position } = item;
    if (position === -1) return;
    item.position = -1;
    const last = this.#heap.pop() as Due;
    if (last === item) return;
    last.position = position;
    this.#heap[position] = last;
    this.#sift(last);
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Stops the timer; items that are put in later start it again. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  /** No timer fires in this turn of the event loop, so who was just given a lock need not wait for one to be made. */
  #armSoon(): void {
    this.#arming = true;
    afterwards(() => {
      this.#arming = false;
      const next = this.#heap[0];
      if (next !== undefined && next.dueAt < this.#timerAt) this.#arm(next.dueAt);
    });
  }

  #arm(dueAt: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timerAt = dueAt;
    this.#timer = this.#clock.setTimeout(() => this.#fire(), Math.max(0, Math.ceil(dueAt - this.#clock.monotonic())));
    this.#timer.unref();
  }

  /** The timer stays armed when its item leaves, so it may find nothing to do: then it only arms for the next. */
  #fire(): void {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    const now = this.#clock.monotonic();
    this.#pass?.begins();
    this.#passes += 1;
    for (let first = this.#heap[0]; first !== undefined && this.#isDue(first, now); first = this.#heap[0]) {
      this.delete(first);
      first.pass = this.#passes;
      first.due(now, Math.max(0, now - first.dueAt));
    }
    this.#pass?.ends();
    const next = this.#heap[0];
    if (next !== undefined && next.dueAt < this.#timerAt) this.#arm(next.dueAt);
  }

  /** One that was called already waits for the next pass, so that none can keep the event loop for itself. */
  #isDue(item: Due, now: number): boolean {
    return item.dueAt - item.earlyMs <= now && item.pass !== this.#passes;
  }

  #sift(item: Due): void {
    const heap = this.#heap;
    let { position } = item;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = heap[above] as Due;
      if (parent.dueAt <= item.dueAt) break;
      heap[position] = parent;
      parent.position = position;
      position = above;
    }
    for (;;) {
      let below = 2 * position + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right !== undefined && right.dueAt < (heap[below] as Due).dueAt) below += 1;
      const child = heap[below] as Due;
      if (child.dueAt >= item.dueAt) break;
      heap[position] = child;
      child.position = position;
      position = below;
    }
    heap[position] = item;
    item.position = position;
  }
}
