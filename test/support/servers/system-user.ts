import { readFileSync } from 'node:fs';

/** A user and its first group, as numbers. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** The numbers of a user of this machine. */
export function idsOf(user: string): Ids {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`this machine has no user ${user}`);
  return { uid: Number(uid), gid: Number(gid) };
}
