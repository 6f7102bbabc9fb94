import { type LockStorage, StorageError } from '@lockscope/storage';

/** Every fourth acquire, and every third renewal, fails without having been asked. */
export function sometimesFailing(inner: LockStorage): LockStorage {
  let acquires = 0;
  let renewals = 0;
  const failing: Partial<LockStorage> = {
    acquire: (request) => ((acquires += 1) % 4 === 0 ? fail('acquire') : inner.acquire(request)),
    renew: (...request) => ((renewals += 1) % 3 === 0 ? fail('renew') : inner.renew(...request)),
  };
  return new Proxy(inner, {
    get(target, name) {
      // Renewals of several locks at once would pass by.
      if (name === 'renewMany') return undefined;
      const own = failing[name as keyof LockStorage];
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function fail(operation: string): Promise<never> {
  return Promise.reject(new StorageError('shaky', operation, 'on purpose'));
}
