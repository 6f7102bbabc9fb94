import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SqliteDriverError } from './errors.ts';

const inUse = new Map<string, { readonly sqlite: unknown; count: number }>();

/**
 * Notes that this process uses the file with one SQLite library, until the function that it gives is called. Two
 * libraries in one process do not see each other's file locks, so neither would keep the other out of a write.
 *
 * @throws {SqliteDriverError} when another library uses the file already.
 */
export function useDriver(path: string, sqlite: unknown): () => void {
  const file = realPath(path);
  const known = inUse.get(file);
  if (known !== undefined && known.sqlite !== sqlite) {
    throw new SqliteDriverError(
      'mixed',
      `this process has ${path} open with another SQLite driver: use one driver for a file in one process (other processes may use another)`,
    );
  }
  const entry = known ?? { sqlite, count: 0 };
  entry.count += 1;
  inUse.set(file, entry);
  return () => {
    entry.count -= 1;
    if (entry.count === 0) inUse.delete(file);
  };
}

/** Two names of one file are one file, also when it is still to be made. */
function realPath(path: string): string {
  for (const find of [() => realpathSync(path), () => join(realpathSync(dirname(path)), basename(path))]) {
    try {
      return find();
    } catch {
      continue;
    }
  }
  return path;
}
