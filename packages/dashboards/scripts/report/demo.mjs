// The demo, as a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../../examples/demo/dist/main.js', import.meta.url));

/**
 * Starts it on a free port; resolves when it says where it is.
 *
 * @returns {Promise<{ address: string, stop: () => Promise<void> }>}
 */
export async function startDemo() {
  const child = spawn(process.execPath, ['--no-warnings', main, '--port', '0', '--no-open'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const address = await new Promise((resolve, reject) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said = (said + text).slice(-10_000);
      const found = /Metrics for Prometheus: http:\/\/([^/\s]+)\/metrics/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    ended.then(() => reject(new Error(`the demo ended:\n${said}`)), reject);
  });
  return {
    address,
    stop: async () => {
      child.kill('SIGINT');
      await ended;
    },
  };
}
