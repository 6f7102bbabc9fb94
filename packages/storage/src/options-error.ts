/** The options of a storage do not fit; `problems` has all that is wrong with them, each with its name, value and bound. */
export class StorageOptionsError extends RangeError {
  readonly code = 'INVALID_OPTIONS';
  readonly problems: readonly string[];

  /** `whose` is the class or function that was given them. */
  constructor(whose: string, problems: readonly string[]) {
    super(`the options of ${whose} do not fit: ${problems.join('; ')}`);
    this.name = 'StorageOptionsError';
    this.problems = problems;
  }
}

/** A problem for each option that there is not, as after a slip of the pen. */
export function unknownOptions(options: object, known: ReadonlySet<string>): string[] {
  return Object.keys(options)
    .filter((name) => !known.has(name))
    .map((name) => `there is no option ${JSON.stringify(name)}; known are ${[...known].join(', ')}`);
}
