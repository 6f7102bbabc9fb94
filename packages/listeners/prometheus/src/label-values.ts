import { labelValue } from './label-value.ts';

/** The value that stands for all that came after the cap. */
export const other = '_other';

/** What is told of a set of label values. */
export interface LabelValuesHooks {
  /** Something was folded into `_other`. */
  readonly onFold: () => void;
  /** A value is used for the first time. */
  readonly onNew?: (value: string) => void;
}

/** The values that a label may take in this process. What is beyond the cap is folded into `_other`, and counted. */
export class LabelValues {
  readonly #values: Set<unknown>;
  readonly #hooks: LabelValuesHooks;
  #room: number;

  /** `known` values are always taken and use up no room. */
  constructor(known: Iterable<string>, room: number, hooks: LabelValuesHooks) {
    this.#values = new Set(known);
    this.#room = room;
    this.#hooks = hooks;
  }

  /** The value to use. Ask once for each observation, because each that is folded is counted. */
  resolve(given: unknown): string {
    return this.taken(given) ?? this.fold();
  }

  /** The value to use when there is, or is still room for, one of its own; counts nothing. */
  taken(given: unknown): string | undefined {
    if (this.#values.has(given)) return given as string;
    const value = labelValue(given);
    if (this.#values.has(value)) return value;
    if (this.#room <= 0) return undefined;
    this.admit(value);
    return value;
  }

  /** Counts an observation as folded. */
  fold(): string {
    this.#hooks.onFold();
    return other;
  }

  /** Takes a value even when there is no room left. */
  admit(value: string): void {
    if (this.#values.has(value)) return;
    this.#values.add(value);
    this.#room -= 1;
    this.#hooks.onNew?.(value);
  }
}
