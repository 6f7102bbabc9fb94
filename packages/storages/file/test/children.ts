import { Child } from '../../../../test/support/child.ts';
import { sourceProgram } from '../../../../test/support/source-program.ts';

let program: Promise<string> | undefined;

/** Another process on the same folder. */
export async function startChild(path: string, ledger = ''): Promise<Child> {
  program ??= sourceProgram(new URL('child.ts', import.meta.url));
  return Child.start(await program, [path, ledger]);
}
