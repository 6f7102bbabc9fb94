/**
 * A case for `measure`: one acquire and one release after the other.
 *
 * @param {string} name
 * @param {import('@lockscope/storage-lock').Locks} locks
 */
export function cycle(name, locks) {
  return {
    name,
    close: () => locks.close(),
    async run(operations) {
      for (let index = 0; index < operations; index += 1) {
        const lock = await locks.acquire('orders/1');
        await lock.release();
      }
    },
  };
}
