/** One thing that a contract demands, as plain data: any test runner can loop over cases and run them. */
export interface Case {
  /** The promise in words, unique in its contract; the part before the colon says which group it belongs to. */
  readonly name: string;
  /** The verbs and capabilities without which this case would not be in the list. */
  readonly needs?: readonly string[];
  /**
   * Resolves when the promise is kept, rejects with an `AssertionError` when it is not. Makes what it needs and cleans
   * up behind itself, so cases run in any order and again and again, but one at a time.
   */
  readonly run: () => Promise<void>;
}

/** The cases of one contract. */
export interface Contract extends ReadonlyArray<Case> {
  /** Verbs that were not supplied, so that nobody takes a short list for a complete one. */
  readonly missing: readonly string[];
}

/** @internal A list of cases that also says what it could not ask for. */
export function contractOf(cases: readonly Case[], missing: readonly string[]): Contract {
  return Object.freeze(Object.assign([...cases], { missing: Object.freeze([...missing]) }));
}
