import { fileURLToPath } from 'node:url';
import { Child } from '../../../../test/support/child.ts';

/** A driver that another process can be told of. */
export type DriverName = 'node:sqlite' | 'libsql';

const script = fileURLToPath(new URL('child.mjs', import.meta.url));

/** Another process on the same file. */
export function startChild(path: string, driver?: DriverName): Promise<Child> {
  return Child.start(script, driver === undefined ? [path] : [path, driver]);
}
