import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type Socket, connect } from 'node:net';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { describeWith } from '../describe-with.ts';
import { sourceProgram } from '../source-program.ts';
import { processTree } from './process-tree.ts';
import { type RedisTestServer, startRedis } from './redis.ts';
import { startProxy } from './tcp-proxy.ts';

/** What Redis answers to one command, or undefined when it does not within the time. */
async function ask(port: number, command: string, withinMs = 2_000): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    socket.write(`${command}\r\n`);
    return await reply(socket, withinMs);
  } finally {
    socket.destroy();
  }
}

async function reply(socket: Socket, withinMs: number): Promise<string | undefined> {
  const signal = AbortSignal.timeout(withinMs);
  try {
    const [bytes] = (await once(socket, 'data', { signal })) as [Buffer];
    return bytes.toString();
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

describeWith('redis-server', 'a server of a test', () => {
  let redis: RedisTestServer;
  beforeEach(async () => {
    redis = await startRedis({ persistent: true });
  });
  afterEach(() => redis.stop());

  it('takes connections as soon as it has started, keeps its data over a kill, and is gone when stopped', async () => {
    expect(await ask(redis.port, 'SET a 1')).toBe('+OK\r\n');
    const { pid } = redis;
    await redis.restart();
    expect(redis.pid).not.toBe(pid);
    expect(await ask(redis.port, 'GET a')).toContain('1');
    await redis.stop();
    expect(processTree(redis.pid)).toEqual([]);
    expect(existsSync(redis.folder)).toBe(false);
    await expect(redis.start()).rejects.toThrow('was stopped');
  });

  it('answers nothing while it is frozen, and everything after', async () => {
    redis.freeze();
    expect(await ask(redis.port, 'PING', 150)).toBeUndefined();
    redis.thaw();
    expect(await ask(redis.port, 'PING')).toBe('+PONG\r\n');
    redis.freeze();
    await redis.restart();
    expect(await ask(redis.port, 'PING')).toBe('+PONG\r\n');
  });

  it('says what it wrote when it cannot start', async () => {
    await expect(startRedis({ args: ['--no-such-option', 'x'] })).rejects.toThrow(/no-such-option/);
  });

  it('dies, and its folder goes, when the process that started it is killed', async () => {
    const program = await sourceProgram(new URL('programs/starts-redis.ts', import.meta.url));
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const { pid, folder } = JSON.parse(line) as { readonly pid: number; readonly folder: string };
    expect([processTree(pid), existsSync(folder)]).toEqual([[pid], true]);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect([processTree(pid), existsSync(folder)]).toEqual([[], false]), 5_000);
  });
});

describeWith('redis-server', 'a network between a client and a server', () => {
  it('delays, swallows, refuses and cuts', async () => {
    const redis = await startRedis();
    const proxy = await startProxy(redis.port);
    try {
      expect(await ask(proxy.port, 'PING')).toBe('+PONG\r\n');

      proxy.set({ replyDelayMs: 200 });
      const asked = performance.now();
      expect(await ask(proxy.port, 'SET a 1')).toBe('+OK\r\n');
      expect(performance.now() - asked).toBeGreaterThanOrEqual(199);

      proxy.set({ blackhole: 'replies' });
      expect(await ask(proxy.port, 'SET b 1', 100)).toBeUndefined();
      proxy.set({ blackhole: true });
      expect(await ask(proxy.port, 'SET c 1', 100)).toBeUndefined();
      proxy.reset();
      proxy.set({});
      expect(await ask(proxy.port, 'MGET a b c')).toBe('*3\r\n$1\r\n1\r\n$1\r\n1\r\n$-1\r\n');

      const open = connect({ host: '127.0.0.1', port: proxy.port });
      open.write('PING\r\n');
      await reply(open, 1_000);
      proxy.set({ down: true });
      const cut = once(open, 'error');
      proxy.reset();
      expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' });
      await expect(ask(proxy.port, 'PING')).rejects.toMatchObject({ code: 'ECONNRESET' });
    } finally {
      await proxy.close();
      await redis.stop();
    }
  });
});
