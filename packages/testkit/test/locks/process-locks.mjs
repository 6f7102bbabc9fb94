// Locks that exclude within one process and know nothing of others.
const tails = new Map();

export function makeLocks() {
  return {
    run(key, routine) {
      const turn = (tails.get(key) ?? Promise.resolve()).then(routine);
      tails.set(
        key,
        turn.catch(() => undefined),
      );
      return turn;
    },
  };
}
