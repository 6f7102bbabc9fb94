import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageDir = fileURLToPath(new URL('../..', import.meta.url));

/** How a program ended. `code` is null when it had to be killed. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds the package, with what it stands on, as its users get it. */
export async function build(): Promise<void> {
  const manifest = createRequire(import.meta.url).resolve('typescript/package.json');
  const { code, stdout } = await run([join(dirname(manifest), 'bin', 'tsc'), '-b', packageDir], 120_000);
  if (code !== 0) throw new Error(`the package cannot be built:\n${stdout}`);
}

/** Runs a program in a process of its own, on what was built. */
export function program(module: URL, args: readonly string[] = [], limitMs = 60_000): Promise<Ended> {
  return run(['--expose-gc', fileURLToPath(module), ...args], limitMs);
}

function run(args: readonly string[], limitMs: number): Promise<Ended> {
  return new Promise((resolve) => {
    // Without the conditions of the test runner, which would point at sources.
    const env = { ...process.env, NODE_OPTIONS: '' };
    execFile(process.execPath, args, { env, timeout: limitMs }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}
