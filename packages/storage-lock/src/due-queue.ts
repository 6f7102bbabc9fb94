import type { Clock, Timer } from '@lockscope/storage';
import { afterwards } from './afterwards.ts';

/** Something that wants to be called at a moment, and may change its mind. */
export abstract class Due {
  /** On the monotonic clock. */
  dueAt = 0;
  /** How much earlier it may be called when the queue is at work anyway. */
  earlyMs = 0;
  /** Whether the process is to last until then. Changed only while it is not in the queue. */
  keepsAlive = false;
  /** Where it stands in the queue; -1 when it does not. */
  position = -1;
  /** The last pass in which it was called. */
  pass = 0;

  /** Called once it is due; `lateMs` is how late, which is how long the event loop was busy; never below 0. Must not throw. */
  abstract due(now: number, lateMs: number): void;
}

/** Node's longest timer. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * All moments that one set of locks waits for, behind one timer, so that a wait, or a lock that is held and released in
 * between, costs a few steps in a heap and no timer of its own. The timer keeps the process alive while one is in the
 * queue that does.
 */
export class DueQueue {
  readonly #clock: Clock;
  readonly #heap: Due[] = [];
  #timer: Timer | undefined;
  #timerAt = Infinity;
  /** Whether the timer keeps the process alive. */
  #timerKeeps = true;
  #changing = false;
  #passes = 0;
  /** How many keep the process alive. */
  #keeping = 0;

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
      if (item.keepsAlive) this.#keeping += 1;
    }
    this.#sift(item);
    this.#changeSoon();
  }

  delete(item: Due): void {
    const { position } = item;
    if (position === -1) return;
    item.position = -1;
    if (item.keepsAlive) {
      this.#keeping -= 1;
      this.#changeSoon();
    }
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

  /** No timer fires in this turn of the event loop, so who was just given a lock need not wait for what it takes. */
  #changeSoon(): void {
    if (this.#changing || !(this.#needsTimer || this.#keepsOtherwise)) return;
    this.#changing = true;
    afterwards(() => {
      this.#changing = false;
      this.#change();
    });
  }

  #change(): void {
    if (this.#needsTimer) this.#arm();
    if (!this.#keepsOtherwise) return;
    this.#timerKeeps = !this.#timerKeeps;
    if (this.#timerKeeps) this.#timer?.ref();
    else this.#timer?.unref();
  }

  /** The timer does not say what the items say. */
  get #keepsOtherwise(): boolean {
    return this.#timer !== undefined && this.#keeping > 0 !== this.#timerKeeps;
  }

  /** Also for what has no end, because that may keep the process alive. */
  get #needsTimer(): boolean {
    const next = this.#heap[0];
    return next !== undefined && (this.#timer === undefined || next.dueAt < this.#timerAt);
  }

  #arm(): void {
    const { dueAt } = this.#heap[0] as Due;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timerAt = dueAt;
    const inMs = Math.min(maxTimerMs, Math.max(0, Math.ceil(dueAt - this.#clock.monotonic())));
    this.#timer = this.#clock.setTimeout(() => this.#fire(), inMs);
    this.#timerKeeps = true;
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
    this.#change();
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
