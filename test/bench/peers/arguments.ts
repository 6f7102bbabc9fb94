import type { PeerName } from './all-peers.ts';
import { leased } from './redis-parts.ts';
import { full, quick, type Scale } from './scale.ts';

/** The parts of the bench. */
export const parts = ['uncontended', 'handover', 'contended', 'rush', 'postgres', 'files'] as const;
export type Part = (typeof parts)[number];

/** What was asked for on the command line. */
export interface Arguments {
  readonly scale: Scale;
  readonly only: readonly Part[];
  /** Who takes part on Redis, beside what they are compared to. */
  readonly peers: readonly PeerName[];
  /** Where the results go; undefined: nowhere. */
  readonly save: string | undefined;
}

/**
 * `--quick`, `--only=uncontended,rush`, `--peers=lockscope`, `--save` into a file named after the day, `--save=<file>`.
 * @throws {RangeError} for anything else.
 */
export function readArguments(args: readonly string[], folder: string): Arguments {
  let scale = full;
  let only: readonly Part[] = parts;
  let peers = leased;
  let save: string | undefined;
  for (const arg of args) {
    const [name, value] = arg.split('=', 2) as [string, string | undefined];
    if (arg === '--quick') scale = quick;
    else if (name === '--save') save = value ?? `${folder}/${new Date().toISOString().slice(0, 10)}.json`;
    else if (name === '--only' && value !== undefined) only = value.split(',').map((part) => oneOf(parts, part));
    else if (name === '--peers' && value !== undefined) peers = value.split(',').map((peer) => oneOf(leased, peer));
    else
      throw new RangeError(
        `unknown argument ${arg}; there is --quick, --only=<parts>, --peers=<names>, --save, --save=<file>`,
      );
  }
  return { scale, only, peers, save };
}

function oneOf<Name extends string>(names: readonly Name[], text: string): Name {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new RangeError(`there is no ${text}; there is ${names.join(', ')}`);
  return found;
}
