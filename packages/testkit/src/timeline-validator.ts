import { AssertionError } from 'node:assert/strict';

import { InvalidOptionsError, type Action, type Event, type Listener } from '@lockscope/core';

import { describeHistory } from './history.ts';
import { TimelineTree } from './timeline/timeline-tree.ts';

/** Options of a {@link TimelineValidator}. */
export interface TimelineValidatorOptions {
  /** Default `timeline validator`. */
  readonly name?: string;
  /**
   * How many trees are kept to be looked at again. Of those beyond it the oldest go, what was wrong with them stays;
   * one that had not ended by then counts as a problem. Default 1,000.
   */
  readonly capacity?: number;
}

/** How {@link TimelineValidator.problems} looks at what is still going on. */
export interface TimelineMoment {
  /** True while the program under test still runs: events that have not ended are no problem then. Default false. */
  readonly stillRunning?: boolean;
}

const presence = ['lockName', 'mode', 'storageName'] as const;
const treesShown = 5;

/**
 * A listener that fails on timelines that cannot be: hang it on the locks of a test, and call `assertValid()` at the
 * end. It also takes events that were read from a log, in the order of the log: give them to `on()`; of those it does
 * not ask for a start, nor that all of a tree are there.
 *
 * It checks that every event starts once and ends once, parents first and last, inside the times of its parent and with
 * its actions inside its own; that nothing happens after an end and nothing changes; that ids are unique and name the
 * right parent and root; that every acquire has one outcome and every possession one end that fits it.
 */
export class TimelineValidator implements Listener {
  readonly name: string;
  readonly #capacity: number;
  readonly #trees = new Map<string, TimelineTree>();
  /** The tree of every id that is kept. */
  readonly #places = new Map<string, string>();
  readonly #presence = new Map<string, string>();
  readonly #earlier: string[] = [];
  #forgotten = 0;

  /** @throws {InvalidOptionsError} when the capacity is no integer of at least 1. */
  constructor({ name = 'timeline validator', capacity = 1000 }: TimelineValidatorOptions = {}) {
    if (!(Number.isSafeInteger(capacity) && capacity >= 1)) {
      throw new InvalidOptionsError([`capacity must be an integer of at least 1, got ${capacity}`]);
    }
    this.name = name;
    this.#capacity = capacity;
  }

  onStart(event: Event): void {
    const tree = this.#treeOf(event);
    tree.start(event);
    this.#places.set(event.id, tree.rootId);
  }

  onAction(event: Event, action: Action): void {
    this.#treeOf(event).action(event, action);
  }

  on(event: Event): void {
    const tree = this.#treeOf(event);
    tree.end(event);
    this.#places.set(event.id, tree.rootId);
    this.#checkPresence(event, tree);
  }

  /** Trees that were told of and are not kept any more. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Everything that is wrong, a sentence each, beginning with the name of the rule; empty when all is well. */
  problems({ stillRunning = false }: TimelineMoment = {}): string[] {
    const kept = [...this.#trees.values()].flatMap((tree) => this.#problemsOf(tree, stillRunning));
    return [...this.#earlier, ...kept];
  }

  /** @throws {AssertionError} that lists the problems and, of the trees that have some, what was told of them. */
  assertValid(moment: TimelineMoment = {}): void {
    const problems = this.problems(moment);
    if (problems.length === 0) return;
    const wrong = [...this.#trees.values()].filter(
      (tree) => this.#problemsOf(tree, moment.stillRunning ?? false).length > 0,
    );
    const shown = wrong
      .slice(0, treesShown)
      .map((tree) => `\n\n${describeHistory(tree.history)}${tree.untold === 0 ? '' : `\nand ${tree.untold} more`}`);
    const more = wrong.length > treesShown ? `\n\nand ${wrong.length - treesShown} more trees` : '';
    throw new AssertionError({
      message: `the timeline cannot be:\n${problems.map((problem) => `- ${problem}`).join('\n')}${shown.join('')}${more}`,
    });
  }

  #problemsOf(tree: TimelineTree, stillRunning: boolean): string[] {
    return [...tree.problems, ...tree.changed(), ...(stillRunning ? [] : tree.unfinished())];
  }

  #treeOf(event: Event): TimelineTree {
    const { id, rootId, parentId } = event;
    const parentsRoot = parentId === undefined ? undefined : this.#places.get(parentId);
    if (parentsRoot !== undefined && parentsRoot !== rootId) return this.#misplaced(event, parentsRoot);
    let tree = this.#trees.get(rootId);
    if (tree === undefined) {
      this.#makeRoom();
      tree = new TimelineTree(rootId);
      this.#trees.set(rootId, tree);
    }
    const place = this.#places.get(id);
    if (place !== undefined && place !== rootId) {
      tree.note(event, { rule: 'id.repeated', text: `has the id of an event of ${place}` });
    }
    return tree;
  }

  /** Kept with its parent, so that it is told once what is wrong with it. */
  #misplaced(event: Event, parentsRoot: string): TimelineTree {
    const tree = this.#trees.get(parentsRoot) ?? new TimelineTree(parentsRoot);
    if (!tree.knows(event.id)) tree.note(event, { rule: 'id.root', text: `names another root than its parent` });
    return tree;
  }

  #makeRoom(): void {
    if (this.#trees.size < this.#capacity) return;
    const trees = [...this.#trees.values()];
    const tree = trees.find(({ isOver }) => isOver) ?? trees[0];
    if (tree === undefined) return;
    this.#earlier.push(...this.#problemsOf(tree, false));
    this.#trees.delete(tree.rootId);
    for (const id of tree.ids) this.#places.delete(id);
    this.#forgotten += 1;
  }

  /** A metric cannot have a label at one time and not at another. */
  #checkPresence(event: Event, tree: TimelineTree): void {
    const present = presence.filter((name) => event[name] !== undefined).join(', ');
    const before = this.#presence.get(event.type);
    this.#presence.set(event.type, before ?? present);
    if (before === undefined || before === present) return;
    const text = `has the few-valued attributes ${present}, others of its type had ${before}`;
    tree.note(event, { rule: 'event.attributes', text });
  }
}
