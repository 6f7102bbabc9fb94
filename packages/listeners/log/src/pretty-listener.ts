import type { Event } from '@lockscope/core';

import { drawTree, type Drawing } from './draw-tree.ts';
import { levelOf, matters } from './level-of.ts';
import { LineWriter } from './line-writer.ts';
import type { LogListener } from './log-listener.ts';
import type { LogPlan } from './log-options.ts';
import { paintFor } from './paint.ts';
import { TreeGatherer } from './tree-gatherer.ts';

/** Draws each tree when its root has ended, in one piece, so that trees of locks held at once do not mix. */
export class PrettyListener implements LogListener {
  readonly name = 'log';
  readonly suppressed = 0;
  readonly #plan: LogPlan;
  readonly #drawing: Drawing;
  readonly #writer: LineWriter;
  readonly #trees = new TreeGatherer();

  constructor(plan: LogPlan & { readonly to: 'stream' }) {
    const { ascii, longWaitMs, longHoldMs, names } = plan;
    this.#plan = plan;
    this.#drawing = { ascii, longWaitMs, longHoldMs, names, paint: paintFor(plan.colors) };
    this.#writer = new LineWriter(plan.stream, plan.maxBuffered);
  }

  get dropped(): number {
    return this.#writer.dropped + this.#trees.dropped;
  }

  on(event: Event): void {
    const tree = this.#trees.add(event);
    if (tree === undefined || !matters(levelOf(tree.root, this.#plan), this.#plan.level)) return;
    this.#writer.write(drawTree(tree, this.#drawing));
  }

  flush({ timeoutMs = 5000 }: { readonly timeoutMs?: number } = {}): Promise<{ readonly undelivered: number }> {
    return this.#writer.flush(timeoutMs);
  }
}
