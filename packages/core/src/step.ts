import type { Action } from './action.ts';
import type { EventError } from './event.ts';
import { freezeDeep } from './freeze-deep.ts';
import type { Tree } from './event-tree.ts';

/** @internal A recorded step. The action that listeners see is made when one of them looks. */
export class Step {
  next: Step | undefined = undefined;
  readonly #name: string;
  readonly #payload: object;
  readonly #from: number;
  readonly #at: number;
  readonly #error: EventError | undefined;
  #shown: Action | undefined = undefined;

  constructor(name: string, payload: object, from: number, at: number, error: EventError | undefined) {
    this.#name = name;
    this.#payload = payload;
    this.#from = from;
    this.#at = at;
    this.#error = error;
  }

  show(tree: Tree): Action {
    if (this.#shown !== undefined) return this.#shown;
    const endedAt = tree.epoch(this.#at);
    const startedAt = this.#from === this.#at ? endedAt : tree.epoch(this.#from);
    const error = this.#error;
    const action = {
      name: this.#name,
      startedAt,
      endedAt,
      payload: this.#payload,
      ...(error !== undefined && { error }),
    };
    return (this.#shown = freezeDeep(action) as Action);
  }
}
