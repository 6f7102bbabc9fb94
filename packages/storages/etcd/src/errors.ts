/** The options of a storage do not fit; `problems` has all that is wrong with them. */
export class EtcdOptionsError extends RangeError {
  readonly code = 'INVALID_OPTIONS';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the options of EtcdStorage do not fit: ${problems.join('; ')}`);
    this.name = 'EtcdOptionsError';
    this.problems = problems;
  }
}
