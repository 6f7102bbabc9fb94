import { spawn } from 'node:child_process';

/** Ends processes and removes a folder when this process is gone, also when it was killed. */
export interface Guard {
  /** The processes that it ends from now on. */
  watch(pids: readonly number[]): void;
  /** There is nothing left to guard. */
  dismiss(): void;
}

// Reads lines of process ids until its input ends, which is when the other side of the pipe is gone for whatever
// reason. It needs no handler in the process that it watches, so a SIGKILL of a test worker leaves nothing behind.
const script = `
pids=
while read -r line; do pids=$line; done
[ -n "$pids" ] && kill -9 $pids 2>/dev/null
n=0
while [ -d "$1" ] && [ $n -lt 50 ]; do rm -rf "$1" 2>/dev/null; [ -d "$1" ] && sleep 0.1; n=$((n + 1)); done
`;

/** Starts the guard of one folder. */
export function startGuard(folder: string): Guard {
  const child = spawn('/bin/sh', ['-c', script, 'guard', folder], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A guard never keeps the process alive that it guards.
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  return {
    watch: (pids) => void child.stdin.write(`${pids.join(' ')}\n`),
    dismiss: () => void child.stdin.end('\n'),
  };
}
