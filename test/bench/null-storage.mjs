// A storage that costs nothing: it grants at once and keeps nothing. For the cost of what is around it.
export function nullStorage() {
  let token = 0;
  const released = Promise.resolve({ released: true });
  return {
    name: 'null',
    capabilities: { reach: 'process', durable: false, notifies: false, queues: false },
    acquire: ({ key, leaseId, holder }) => {
      const record = { key, leaseId, holder, fencingToken: (token += 1), acquiredAt: 0, expiresAt: 0 };
      return Promise.resolve({ acquired: true, record, previous: undefined, storageNow: 0 });
    },
    renew: () => Promise.resolve({ renewed: true, expiresAt: 0, storageNow: 0 }),
    release: () => released,
    forceRelease: () => Promise.resolve(undefined),
    read: () => Promise.resolve({ record: undefined, waiters: [], storageNow: 0 }),
    // eslint-disable-next-line no-empty-function
    async *list() {},
    close: () => Promise.resolve(),
  };
}
