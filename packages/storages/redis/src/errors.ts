import { StorageError } from '@lockscope/storage';

/** The options of a storage do not fit; `problems` has all that is wrong with them. */
export class RedisOptionsError extends RangeError {
  readonly code = 'INVALID_OPTIONS';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the options of RedisStorage do not fit: ${problems.join('; ')}`);
    this.name = 'RedisOptionsError';
    this.problems = problems;
  }
}

/** There is no client that could make the connection. The message says what to install. */
export class RedisClientError extends StorageError {
  override readonly code = 'REDIS_CLIENT';

  constructor(problem: string, options?: ErrorOptions) {
    super('redis', 'connect', problem, options);
    this.name = 'RedisClientError';
  }
}
