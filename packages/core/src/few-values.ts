/** The value that stands for all that came after the cap of {@link FewValues}. */
export const otherValue = '_other';

/** The most characters of a value of {@link FewValues}; what is longer is cut. */
export const maxValueLength = 200;

/** Half of a surrogate pair: two different ones would be the same bytes in UTF-8, so the same series twice. */
const loneSurrogate = /\p{Surrogate}/gu;

/** What is told of a set of values. */
export interface FewValuesHooks {
  /** An observation was folded into `_other`. */
  readonly onFold: () => void;
  /** A value is used for the first time. */
  readonly onNew?: (value: string) => void;
}

/**
 * The values that one few-valued attribute, such as the name of a lock, may take in this process: for listeners that
 * write metrics, where each value is a series. What comes after the cap is folded into `_other`, and counted. What is no
 * text or empty is `unknown`.
 */
export class FewValues {
  readonly #values: Set<unknown>;
  readonly #hooks: FewValuesHooks;
  #room: number;

  /** `known` values are always taken and use up no room; `room` is how many others there may be. */
  constructor(known: Iterable<string>, room: number, hooks: FewValuesHooks) {
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
    const value = textOf(given);
    if (this.#values.has(value)) return value;
    if (this.#room <= 0) return undefined;
    this.admit(value);
    return value;
  }

  /** Counts an observation as folded. */
  fold(): string {
    this.#hooks.onFold();
    return otherValue;
  }

  /** Takes a value even when there is no room left. */
  admit(value: string): void {
    if (this.#values.has(value)) return;
    this.#values.add(value);
    this.#room -= 1;
    this.#hooks.onNew?.(value);
  }
}

function textOf(given: unknown): string {
  if (typeof given !== 'string' || given === '') return 'unknown';
  return given.slice(0, maxValueLength).replace(loneSurrogate, '\uFFFD');
}
