import { execFileSync } from 'node:child_process';

/** Puts processes on one core, all of them on the same; false where that cannot be done. */
export function pinned(pids: readonly number[], core = 1): boolean {
  try {
    for (const pid of pids) execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
