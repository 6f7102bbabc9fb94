import type { Trial } from './trial.ts';

/** A case before it is bound to a storage: its promise, what must be there for it, and what it does. */
export interface Script {
  readonly name: string;
  readonly needs: readonly string[];
  readonly body: (trial: Trial) => Promise<void>;
}

/** The scripts of one group; the group's name goes before each promise. */
export function group(
  name: string,
  promises: Readonly<Record<string, Script['body']>>,
  needs: readonly string[] = [],
): Script[] {
  return Object.entries(promises).map(([promise, body]) => ({ name: `${name}: ${promise}`, needs, body }));
}
