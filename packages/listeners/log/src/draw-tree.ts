import type { Action, Event } from '@lockscope/core';

import { actionNote } from './action-note.ts';
import { durationText } from './duration-text.ts';
import { errorText } from './error-text.ts';
import { eventNote } from './event-note.ts';
import { lockText } from './holder-text.ts';
import { levelOf, type Thresholds } from './level-of.ts';
import type { Paint } from './paint.ts';
import { plainText } from './plain-text.ts';
import type { EventTree } from './tree-gatherer.ts';

/** How trees are drawn. */
export interface Drawing extends Thresholds {
  readonly paint: Paint;
  readonly ascii: boolean;
}

interface Node {
  readonly at: number;
  readonly length: string;
  readonly label: string;
  readonly below: readonly Node[];
}

const boxes = { between: '├─ ', last: '└─ ', past: '│  ', after: '   ' };
const plain = { between: '|- ', last: '`- ', past: '|  ', after: '   ' };

const timeWidth = '00:00:00.000'.length;
const lengthWidth = ' 9.99ms'.length;

/** A tree of events as lines of text: when, how long, what, how it ended. */
export function drawTree(tree: EventTree, drawing: Drawing): string {
  const { root } = tree;
  const { paint } = drawing;
  const level = levelOf(root, drawing);
  const title = `${paint('bold', `${root.type} ${lockText(root)}`)}  ${paint(level, plainText(root.outcome ?? 'running'))}`;
  const below = nodesBelow(root, tree, drawing);
  const lines = [row(drawing, clockTime(root.startedAt), lengthOf(root), '', `${title}${noteOf(root, tree, drawing)}`)];
  draw(below, '', root.startedAt, drawing, lines);
  return lines.join('\n');
}

function draw(nodes: readonly Node[], indent: string, from: number, drawing: Drawing, lines: string[]): void {
  const { between, last, past, after } = drawing.ascii ? plain : boxes;
  nodes.forEach(({ at, length, label, below }, index) => {
    const isLast = index === nodes.length - 1;
    lines.push(row(drawing, offsetText(at - from), length, `${indent}${isLast ? last : between}`, label));
    draw(below, `${indent}${isLast ? after : past}`, from, drawing, lines);
  });
}

function row({ paint }: Drawing, time: string, length: string, branch: string, label: string): string {
  const times = `${time.padStart(timeWidth)} ${length.padStart(lengthWidth)}`;
  return `${paint('faint', `${times}  ${branch}`)}${label}`;
}

/** Events and steps below an event, in the order in which they began. */
function nodesBelow(of: Event, tree: EventTree, drawing: Drawing): Node[] {
  const nodes: Node[] = stepsToDraw(of, tree).map((action) => actionNode(action, drawing));
  const known = new Set([tree.root.id, ...tree.events.map(({ id }) => id)]);
  for (const event of tree.events) {
    // What hangs on an event that there was no room for is drawn below the root.
    const parentId = event.parentId !== undefined && known.has(event.parentId) ? event.parentId : tree.root.id;
    if (parentId === of.id) nodes.push(eventNode(event, tree, drawing));
  }
  if (of === tree.root) nodes.push(...summaries(tree, drawing));
  return nodes.toSorted((a, b) => a.at - b.at);
}

/** Attempts say again what the storage calls say, where those are known. */
function stepsToDraw(of: Event, { events }: EventTree): readonly Action[] {
  const calls = events.some(({ type, parentId }) => type === 'storage.acquire' && parentId === of.id);
  return calls ? of.actions.filter(({ name, error }) => name !== 'acquire.attempt' || error !== undefined) : of.actions;
}

function eventNode(event: Event, tree: EventTree, drawing: Drawing): Node {
  const outcome = drawing.paint(levelOf(event, drawing), plainText(event.outcome ?? 'running'));
  const label = `${event.type}  ${outcome}${noteOf(event, tree, drawing)}`;
  return { at: event.startedAt, length: lengthOf(event), label, below: nodesBelow(event, tree, drawing) };
}

function actionNode(action: Action, { paint }: Drawing): Node {
  const { name, startedAt, endedAt, error } = action;
  const note = actionNote(action);
  const why = error === undefined ? '' : `  ${paint('error', errorText(error))}`;
  const length = endedAt === undefined || endedAt === startedAt ? '' : durationText(endedAt - startedAt);
  return {
    at: startedAt,
    length,
    label: `${paint('step', plainText(name))}${note === '' ? '' : `  ${note}`}${why}`,
    below: [],
  };
}

function summaries({ root, renewals, omitted }: EventTree, { paint, ascii }: Drawing): Node[] {
  const nodes: Node[] = [];
  if (renewals !== undefined) {
    const { count, worstMs, firstAt } = renewals;
    const times = `${ascii ? 'x' : '×'}${count}`;
    const label = `lease.renew  ${paint('debug', 'renewed')}  ${times}, the slowest took ${durationText(worstMs)}`;
    nodes.push({ at: firstAt, length: '', label, below: [] });
  }
  const at = root.endedAt ?? root.startedAt;
  if (omitted > 0) nodes.push({ at, length: '', label: `${omitted} more events are not drawn`, below: [] });
  return nodes;
}

/** Facts, and the error unless an event below tells the same. */
function noteOf(event: Event, { events }: EventTree, { paint }: Drawing): string {
  const note = eventNote(event);
  const { error } = event;
  const toldBelow = events.some((child) => child.parentId === event.id && child.error?.message === error?.message);
  const told = event.type === 'lease.lost' || toldBelow;
  const why = error === undefined || told ? '' : `  ${paint('error', errorText(error))}`;
  return `${note === '' ? '' : `  ${note}`}${why}`;
}

/** A call may have been sent before its tree was begun. */
function offsetText(ms: number): string {
  return ms < 0 ? durationText(ms) : `+${durationText(ms)}`;
}

function lengthOf({ durationMs }: Event): string {
  return durationMs === undefined ? '' : durationText(durationMs);
}

/** Local time of day. */
function clockTime(epochMs: number): string {
  const date = new Date(epochMs);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0'));
  return `${parts.join(':')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
