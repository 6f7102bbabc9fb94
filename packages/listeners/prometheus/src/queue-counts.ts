import type { LabelLevel } from './label-level.ts';
import type { ValueCell, ValueFamily } from './value-family.ts';

/** What is read of a queue in front of a listener. `queued()` of `@lockscope/core` makes such. */
export interface WatchedQueue {
  /** The name of the listener behind it. */
  readonly name: string;
  /** What it has dropped so far. */
  readonly dropped: number;
  /** What the listener behind it has failed so far. */
  readonly failed: number;
}

interface Watch {
  readonly queue: WatchedQueue;
  readonly droppedCell: ValueCell;
  readonly failedCell: ValueCell;
  dropped: number;
  failed: number;
}

/** What queues dropped and what listeners behind them failed, read from the queues when somebody scrapes. */
export class QueueCounts {
  readonly #dropped: LabelLevel<ValueCell>;
  readonly #failed: LabelLevel<ValueCell>;
  #watched: Watch[] = [];

  constructor(dropped: LabelLevel<ValueCell>, failed: LabelLevel<ValueCell>, families: readonly ValueFamily[]) {
    this.#dropped = dropped;
    this.#failed = failed;
    for (const family of families) family.beforeRead(() => this.read());
  }

  /** Their series are there from now on. A queue that is watched already stays as it is. */
  watch(queue: WatchedQueue): void {
    if (this.#watched.some((watch) => watch.queue === queue)) return;
    const droppedCell = this.#dropped.find(queue.name);
    const failedCell = this.#failed.find(queue.name);
    this.#watched.push({ queue, droppedCell, failedCell, dropped: 0, failed: 0 });
  }

  /** Adds what came since the last time: several queues may stand in front of listeners of one name. */
  read(): void {
    for (const watch of this.#watched) {
      const { dropped, failed } = watch.queue;
      watch.droppedCell.add(dropped - watch.dropped);
      watch.failedCell.add(failed - watch.failed);
      watch.dropped = dropped;
      watch.failed = failed;
    }
  }

  forget(): void {
    this.read();
    this.#watched = [];
  }
}
