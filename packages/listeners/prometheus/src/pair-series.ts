import { otherValue } from '@lockscope/core';
import type { Room } from './room.ts';
import type { ValueCell } from './value-family.ts';

/** Series by two labels, each made when it is first needed. Beyond the room, both labels become `_other`. */
export class PairSeries {
  readonly #room: Room;
  readonly #make: (first: string, second: string) => ValueCell;
  readonly #found = new Map<string, Map<string, ValueCell>>();

  constructor(room: Room, make: (first: string, second: string) => ValueCell) {
    this.#room = room;
    this.#make = make;
  }

  find(first: string, second: string): ValueCell {
    const found = this.#found.get(first)?.get(second);
    if (found !== undefined) return found;
    const folded = first === otherValue && second === otherValue;
    if (!folded && !this.#room.take()) return this.find(otherValue, otherValue);
    const cell = this.#make(first, second);
    const bySecond = this.#found.get(first) ?? new Map<string, ValueCell>();
    this.#found.set(first, bySecond.set(second, cell));
    return cell;
  }
}
