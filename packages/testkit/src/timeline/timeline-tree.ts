import { snapshot, type Action, type Event } from '@lockscope/core';

import type { Told } from '../history.ts';
import { describeBreach, isFromWire, type Breach } from './breach.ts';
import { checkAction, checkEnded, outside, span } from './event-checks.ts';
import { EventNode } from './event-node.ts';
import { checkPossession } from './possession-checks.ts';

const afterAcquire: readonly Event['type'][] = ['lease.renew', 'lease.lost', 'lock.release'];
const attributes = ['lockName', 'lockKey', 'mode', 'ownerId', 'operation', 'storageName'] as const;

/** One tree of events, as far as it was told, and what was wrong with it. */
export class TimelineTree {
  readonly rootId: string;
  readonly history: Told[] = [];
  readonly problems: string[] = [];
  readonly #nodes = new Map<string, EventNode>();
  /** By the id of the parent that has not come yet; logs tell children first. */
  readonly #orphans = new Map<string, EventNode[]>();
  #untold = 0;
  #open = 0;

  constructor(rootId: string) {
    this.rootId = rootId;
  }

  /** True when the root and all below it have ended. */
  get isOver(): boolean {
    return this.#open === 0 && this.#nodes.get(this.rootId)?.ended === true;
  }

  get ids(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** How much was told beyond what the history keeps. */
  get untold(): number {
    return this.#untold;
  }

  knows(id: string): boolean {
    return this.#nodes.has(id);
  }

  start(event: Event): void {
    this.#remember({ phase: 'start', event: snapshot(event) });
    const known = this.#nodes.get(event.id);
    if (known !== undefined) {
      const same = known.event === event;
      this.note(event, same ? { rule: 'start.twice', text: 'was told to start twice' } : repeated);
      return;
    }
    const ended = event.endedAt !== undefined || event.outcome !== undefined;
    if (ended) this.note(event, { rule: 'start.ended', text: 'was told to start when it had ended' });
    this.#admit(event);
  }

  action(event: Event, action: Action): void {
    this.#remember({ phase: 'action', event: snapshot(event), action });
    const node = this.#nodes.get(event.id);
    const { name } = action;
    if (node === undefined) this.note(event, { rule: 'action.without_start', text: `did ${name} and never started` });
    else if (node.ended) this.note(event, { rule: 'action.after_end', text: `did ${name} after its end` });
    else node.actions += 1;
    this.note(event, ...checkAction(event, action));
  }

  end(event: Event): void {
    this.#remember({ phase: 'end', event: snapshot(event) });
    let node = this.#nodes.get(event.id);
    if (node === undefined) {
      if (!isFromWire(event))
        this.note(event, { rule: 'end.without_start', text: 'was told to end and never to start' });
      node = this.#admit(event);
    } else if (node.ended) {
      const same = node.event === event;
      this.note(event, same ? { rule: 'end.twice', text: 'was told to end twice' } : repeated);
      return;
    }
    this.#open -= 1;
    node.end();
    this.note(event, ...checkEnded(event), ...this.#checkActions(node), ...this.#checkChildren(node));
    const parent = node.parentId === undefined ? undefined : this.#nodes.get(node.parentId);
    if (parent?.ended === true && isFromWire(event)) this.note(parent.event, tooEarly(event));
    if (event.type === 'lock') this.note(event, ...checkPossession(node));
  }

  /** What can only be said when nothing more is to come. */
  unfinished(): string[] {
    const problems: string[] = [];
    for (const { event, ended } of this.#nodes.values()) {
      if (!ended) problems.push(describeBreach({ rule: 'end.missing', text: 'has not ended' }, event));
    }
    return problems;
  }

  /** Events that do not read any more as they did when they were told to have ended. */
  changed(): string[] {
    const changed = [...this.#nodes.values()].filter((node) => node.hasChanged);
    return changed.map(({ event }) =>
      describeBreach({ rule: 'event.changed', text: 'has changed after its end' }, event),
    );
  }

  #admit(event: Event): EventNode {
    const node = new EventNode(event);
    this.#nodes.set(node.id, node);
    this.#open += 1;
    node.children.push(...(this.#orphans.get(node.id) ?? []));
    this.#orphans.delete(node.id);
    const root = this.#nodes.get(this.rootId)?.event;
    if (root !== undefined && root !== event) this.note(event, ...checkAttributes(root, event));
    const parent = node.parentId === undefined ? undefined : this.#nodes.get(node.parentId);
    if (parent !== undefined) parent.children.push(node);
    else if (node.parentId !== undefined) {
      this.#orphans.set(node.parentId, [...(this.#orphans.get(node.parentId) ?? []), node]);
    }
    this.note(event, ...this.#checkPlace(event, parent));
    return node;
  }

  #checkPlace(event: Event, parent: EventNode | undefined): Breach[] {
    if (event.parentId === undefined) {
      return event.rootId === event.id
        ? []
        : [{ rule: 'id.root', text: `has no parent and names ${event.rootId} its root` }];
    }
    if (event.parentId === event.id || event.rootId === event.id) {
      return [{ rule: 'id.parent', text: `names ${event.parentId} its parent and ${event.rootId} its root` }];
    }
    if (isFromWire(event)) return [];
    if (parent === undefined)
      return [{ rule: 'start.before_parent', text: `started before its parent ${event.parentId}` }];
    if (parent.ended) return [{ rule: 'start.after_parent', text: 'started after its parent had ended' }];
    if (!afterAcquire.includes(event.type)) return [];
    const acquired = parent.children.some(
      ({ event: other }) => other.type === 'lock.acquire' && other.outcome === 'acquired',
    );
    return acquired ? [] : [{ rule: 'start.before_acquired', text: 'started before the lock was acquired' }];
  }

  #checkActions({ event, actions }: EventNode): Breach[] {
    const breaches = isFromWire(event) ? event.actions.flatMap((action) => checkAction(event, action)) : [];
    if (!isFromWire(event) && event.actions.length !== actions) {
      breaches.push({
        rule: 'action.lost',
        text: `has ${event.actions.length} actions, of which ${actions} were told`,
      });
    }
    return breaches;
  }

  #checkChildren({ event, children }: EventNode): Breach[] {
    const breaches: Breach[] = [];
    for (const child of children) {
      if (!child.ended) breaches.push(tooEarly(child.event));
      else if (outside(event, child.event.startedAt) || outside(event, child.event.endedAt ?? event.startedAt)) {
        breaches.push({
          rule: 'event.times',
          text: `has ${child.event.type} outside its own time: ${span(child.event)} in ${span(event)}`,
        });
      }
    }
    return breaches;
  }

  #remember(told: Told): void {
    if (this.history.length < historyKept) this.history.push(told);
    else this.#untold += 1;
  }

  /** Something that is wrong with one of its events. */
  note(event: Event, ...breaches: readonly Breach[]): void {
    for (const breach of breaches) this.problems.push(describeBreach(breach, event));
  }
}

const historyKept = 2000;
const repeated: Breach = { rule: 'id.repeated', text: 'has the id of another event' };

function tooEarly(child: Event): Breach {
  return { rule: 'end.before_child', text: `ended before its ${child.type} ${child.id}` };
}

function checkAttributes(root: Event, event: Event): Breach[] {
  return attributes
    .filter((name) => root[name] !== event[name])
    .map((name) => ({
      rule: 'event.attributes',
      text: `has ${name} ${String(event[name])}, its root has ${String(root[name])}`,
    }));
}
