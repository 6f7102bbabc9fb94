import { fork } from 'node:child_process';
import { once } from 'node:events';

import { sourceProgram } from '../../support/source-program.ts';
import { Processes } from './troop.ts';
import type { Uncontended, UncontendedResult } from './uncontended.ts';

/** What runs in processes of its own, made once, so that nobody's edits get between two rounds. */
export interface Programs {
  readonly processes: Processes;
  uncontended(options: Uncontended): Promise<UncontendedResult>;
}

export async function makePrograms(): Promise<Programs> {
  const processes = new Processes(await sourceProgram(new URL('worker.ts', import.meta.url)));
  const alone = await sourceProgram(new URL('uncontended.ts', import.meta.url));
  return {
    processes,
    async uncontended(options) {
      const child = fork(alone, [JSON.stringify(options)], { execArgv: ['--expose-gc', '--no-flush-bytecode'] });
      const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`uncontended ended with ${code}`)));
      failed.catch(() => undefined);
      const [result] = (await Promise.race([once(child, 'message'), failed])) as [UncontendedResult];
      return result;
    },
  };
}
