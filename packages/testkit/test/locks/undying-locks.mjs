// Locks of the test's lock server whose connections are kept by another process, so that they outlive their holder.
import { spawn } from 'node:child_process';

import { makeLocks as serverLocks } from './server-locks.mjs';

const keeper = `
  const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1', () => socket.write(process.argv[2]));
  socket.once('data', () => process.stdout.write('granted'));
  socket.on('close', () => process.exit());
  setTimeout(() => process.exit(), 20_000);
`;

export function makeLocks({ port }) {
  const locks = serverLocks({ port });
  return {
    async run(key, routine) {
      const kept = spawn(process.execPath, ['-e', keeper, String(port), key], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((resolve) => kept.stdout.once('data', resolve));
      kept.unref();
      await routine();
      kept.kill();
      return locks;
    },
  };
}
