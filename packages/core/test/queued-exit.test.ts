import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { beforeAll, describe, expect, it } from 'vitest';

import { bundleCore } from './bundle-core.ts';

const stuck = (options: string): string => `
  let told = 0;
  const queue = core.queued({ name: 'stuck', on: () => { told += 1; return new Promise(() => {}); } }, ${options});
  const set = new core.ListenerSet({ listeners: [queue] });
  for (let n = 0; n < 3; n += 1) set.begin('lock.inspect', { lockName: 'a', lockKey: 'a' }).end('ok');
  process.on('exit', (code) => console.log('exit', code, 'told', told));
`;

describe('a listener that is stuck behind a queue', () => {
  let core: string;
  /** The last words of a process that runs this. It has a minute, far more than it needs and less than 3 timeouts. */
  const lastWords = async (script: string): Promise<string> => {
    const source = `${core};(async () => {${script}})();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', source], { timeout: 60_000 });
    return stdout.trim();
  };

  beforeAll(async () => {
    core = await bundleCore();
  }, 60_000);

  it('does not keep a process alive that has nothing else to do', async () => {
    expect(await lastWords(stuck('{}'))).toBe('exit 0 told 1');
  }, 60_000);

  it('is waited for by close(), until its deadline', async () => {
    const script = `${stuck('{}')} console.log(JSON.stringify(await queue.close({ timeoutMs: 50 })));`;
    expect(await lastWords(script)).toBe('{"undelivered":2}\nexit 0 told 1');
  }, 60_000);

  it('is waited for by flush(), until its timeout', async () => {
    const script = `${stuck('{ timeoutMs: 50 }')} await queue.flush(); console.log(queue.failed);`;
    expect(await lastWords(script)).toBe('3\nexit 0 told 3');
  }, 60_000);
});
