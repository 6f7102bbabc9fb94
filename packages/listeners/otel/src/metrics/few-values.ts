/** The value that stands for all that came after the cap. */
export const other = '_other';

const maxLength = 200;

/** The values that one attribute may take in this process. What comes after the cap is folded into `_other`, and counted. */
export class FewValues {
  readonly #values: Set<unknown>;
  readonly #onFold: () => void;
  #room: number;

  /** `known` values are always taken and use up no room. */
  constructor(known: Iterable<string>, room: number, onFold: () => void) {
    this.#values = new Set(known);
    this.#room = room;
    this.#onFold = onFold;
  }

  /** The value to use. Ask once for each observation, because each that is folded is counted. */
  resolve(given: unknown): string {
    return this.taken(given) ?? this.fold();
  }

  /** The value to use when there is, or is still room for, one of its own; counts nothing. */
  taken(given: unknown): string | undefined {
    if (this.#values.has(given)) return given as string;
    const value = typeof given === 'string' && given !== '' ? given.slice(0, maxLength) : 'unknown';
    if (!this.#values.has(value)) {
      if (this.#room <= 0) return undefined;
      this.admit(value);
    }
    return value;
  }

  /** Counts an observation as folded. */
  fold(): string {
    this.#onFold();
    return other;
  }

  /** Takes a value even when there is no room left. */
  admit(value: string): void {
    if (this.#values.has(value)) return;
    this.#values.add(value);
    this.#room -= 1;
  }
}
