import { StorageOptionsError } from '@lockscope/storage';

/** The options of a storage do not fit; `problems` has all that is wrong with them. */
export class EtcdOptionsError extends StorageOptionsError {
  constructor(problems: readonly string[]) {
    super('EtcdStorage', problems);
    this.name = 'EtcdOptionsError';
  }
}
