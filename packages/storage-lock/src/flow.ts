import { AsyncLocalStorage } from 'node:async_hooks';

/** Which owner the running async context is. Made only where re-entrancy by flow is wanted. */
export class Flow {
  readonly #owners = new AsyncLocalStorage<string>();

  get ownerId(): string | undefined {
    return this.#owners.getStore();
  }

  run<R>(ownerId: string, fn: () => R): R {
    return this.#owners.run(ownerId, fn);
  }
}
