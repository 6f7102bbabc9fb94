// Locks whose packages do not tell their types the way Node finds them. As much as is used.

declare module 'redlock-4' {
  import type { Redis } from 'ioredis';

  interface Lock {
    unlock(): PromiseLike<void>;
  }
  class Redlock {
    constructor(clients: readonly Redis[]);
    lock(resource: string, ttl: number): PromiseLike<Lock>;
    on(event: 'clientError', listener: () => void): this;
  }
  // oxlint-disable-next-line import/no-default-export -- it is what the package has
  export default Redlock;
}

declare module 'redlock-5' {
  import type { Redis } from 'ioredis';

  interface Lock {
    release(): Promise<unknown>;
  }
  class Redlock {
    constructor(clients: readonly Redis[]);
    acquire(resources: readonly string[], duration: number): Promise<Lock>;
    on(event: 'error', listener: () => void): this;
  }
  // oxlint-disable-next-line import/no-default-export -- it is what the package has
  export default Redlock;
}
