import { setImmediate as nextTurn } from 'node:timers/promises';

/** Runs `act`, and gives every rejection that nobody handled: each of them would end a process. */
export async function unhandledDuring(act: () => unknown): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', note);
  try {
    await act();
    // Node tells of them when the microtasks of a turn are done.
    await nextTurn();
    await nextTurn();
  } finally {
    process.removeListener('unhandledRejection', note);
    for (const other of others) process.on('unhandledRejection', other);
  }
  return unhandled;
}
