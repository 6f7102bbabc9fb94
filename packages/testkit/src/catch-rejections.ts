/** Takes the process's `unhandledRejection` events for itself; gives what puts back who listened before. */
export function catchRejections(into: unknown[]): () => void {
  const others = process.listeners('unhandledRejection');
  const note = (reason: unknown): void => void into.push(reason);
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', note);
  return () => {
    process.off('unhandledRejection', note);
    for (const other of others) process.on('unhandledRejection', other);
  };
}
