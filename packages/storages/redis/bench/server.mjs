// A Redis of its own for the benches, on the same core as this process where the system can pin.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

const binary = process.env.REDIS_SERVER_BIN ?? 'redis-server';

/** Without persistence; resolves when it answers. */
export async function startServer() {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'lockscope-bench-'));
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const child = spawn(binary, args, { stdio: 'ignore' });
  const client = new Redis({ port, retryStrategy: () => 20 });
  client.on('error', () => {});
  await client.ping();
  return {
    port,
    pid: child.pid,
    client,
    stop: () => {
      client.disconnect();
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Puts processes on one core, with all their threads; tells whether that could be done. */
export function pin(...pids) {
  try {
    for (const pid of pids) execFileSync('taskset', ['-acp', '1', `${pid}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
