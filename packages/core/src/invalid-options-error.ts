/** Options or arguments that cannot work. `problems` has all of them, each with its name, value and bound. */
export class InvalidOptionsError extends RangeError {
  readonly code = 'INVALID_OPTIONS';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.name = 'InvalidOptionsError';
    this.problems = problems;
  }
}
