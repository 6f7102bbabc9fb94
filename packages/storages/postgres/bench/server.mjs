// A PostgreSQL of its own for the benches, as it is set when nobody sets it: every commit waits for the disk.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** Resolves when it takes connections. */
export async function startServer() {
  const bin = process.env.POSTGRES_BIN?.replace(/\/[^/]*$/, '') ?? newest('/usr/lib/postgresql');
  const folder = mkdtempSync(join(tmpdir(), 'lockscope-bench-'));
  const as = process.getuid() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, 'data');
  const init = ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-locale', '-E', 'UTF8'];
  execFileSync(join(bin, 'initdb'), init, { stdio: 'ignore', cwd: folder, ...as });
  const port = await freePort();
  const args = [
    '-D',
    data,
    '-p',
    `${port}`,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `unix_socket_directories=${folder}`,
  ];
  const child = spawn(join(bin, 'postgres'), args, { stdio: 'ignore', cwd: folder, ...as });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  for (;;) {
    const client = new Client(url);
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query('SHOW server_version');
      await client.end();
      return { url, version: rows[0].server_version, stop: () => stop(child, folder) };
    } catch (error) {
      if (child.exitCode !== null) throw error;
      await sleep(20);
    }
  }
}

async function stop(child, folder) {
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  await gone;
  rmSync(folder, { recursive: true, force: true });
}

function newest(folder) {
  const [version] = readdirSync(folder).toSorted((a, b) => Number(b) - Number(a));
  return join(folder, version, 'bin');
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function idOf(flag) {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
}
