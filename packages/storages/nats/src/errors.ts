import { StorageError, StorageOptionsError } from '@lockscope/storage';

/** The options of a storage do not fit; `problems` has all that is wrong with them. */
export class NatsOptionsError extends StorageOptionsError {
  constructor(problems: readonly string[]) {
    super('NatsStorage', problems);
    this.name = 'NatsOptionsError';
  }
}

/**
 * The bucket cannot keep locks: JetStream is off, the bucket has settings under which records vanish, or this user may
 * not use it. Nothing was changed. The next operation looks again.
 */
export class NatsBucketError extends StorageError {
  override readonly code = 'NATS_BUCKET';
  readonly bucket: string;

  constructor(operation: string, bucket: string, problem: string, options?: ErrorOptions) {
    super('nats', operation, `bucket ${bucket}: ${problem}`, options);
    this.name = 'NatsBucketError';
    this.bucket = bucket;
  }
}
