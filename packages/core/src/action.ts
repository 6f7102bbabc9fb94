import type { ActionName, ActionPayloads } from './catalogue/actions.ts';
import type { EventError } from './event.ts';

/** A step inside an event, such as one attempt or the first sight of the blocker. */
export interface ActionOf<N extends ActionName> {
  readonly name: N;
  /** Epoch milliseconds, on the clock of the event's tree. */
  readonly startedAt: number;
  /** Equal to `startedAt` for a step that has no length of its own. Absent only in records read from elsewhere. */
  readonly endedAt?: number;
  readonly error?: EventError;
  readonly payload: ActionPayloads[N];
}

/** A step that another system recorded under a name that is not in the catalogue, kept as it was read. */
export interface ForeignAction {
  readonly name: 'foreign';
  /** Its name there. */
  readonly foreignName: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly error?: EventError;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A step inside an event; narrow on `name` to get the payload's type. */
export type Action = { [N in ActionName]: ActionOf<N> }[ActionName] | ForeignAction;
