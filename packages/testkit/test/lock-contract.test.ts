import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { describe, expect, it } from 'vitest';

import { lockContract, type Contract, type LockSetup, type TestableLocks } from '../src/index.ts';

import { LockServer } from './lock-server.ts';

interface ServerSetup extends LockSetup {
  readonly server: LockServer;
}

const runOnly = {
  acquire: false,
  tryAcquire: false,
  waitMs: false,
  signal: false,
  tokens: false,
  fair: false,
} as const;

const modules = {
  server: new URL('./locks/server-locks.mjs', import.meta.url),
  process: new URL('./locks/process-locks.mjs', import.meta.url),
  none: new URL('./locks/no-locks.mjs', import.meta.url),
  undying: new URL('./locks/undying-locks.mjs', import.meta.url),
};

async function serverLocks(data: unknown): Promise<TestableLocks> {
  const module = (await import(modules.server.href)) as { makeLocks(data: unknown): TestableLocks };
  return module.makeLocks(data);
}

function acrossProcesses(name: keyof typeof modules, patienceMs = 10_000): Contract {
  return lockContract<ServerSetup>({
    create: async () => {
      const server = await LockServer.start();
      return { server, locks: await serverLocks({ port: server.port }) };
    },
    abilities: runOnly,
    contenders: 20,
    patienceMs,
    processes: {
      module: modules[name],
      data: ({ server }) => ({ port: server.port }),
      count: 2,
      contenders: 10,
      leaseMs: 100,
    },
    dispose: ({ server }) => server.stop(),
  });
}

async function failures(contract: Contract): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of contract) await run().catch(() => failed.push(name));
  return failed;
}

describe('the locks of storage-lock keep the lock contract', () => {
  const contract = lockContract({
    create: () => {
      const storage = new MemoryStorage();
      return { storage, locks: createLocks({ storage }) };
    },
    second: ({ storage }) => createLocks({ storage }),
  });
  for (const { name, run } of contract) it(name, run);
});

describe('locks that only run, and hold between processes, keep the lock contract', () => {
  const contract = acrossProcesses('server');
  for (const { name, run } of contract) it(name, { timeout: 30_000 }, run);

  it('and what they were not asked is told', () => {
    expect(contract.missing).toEqual([
      'second',
      'abilities.acquire',
      'abilities.tryAcquire',
      'abilities.waitMs',
      'abilities.signal',
      'abilities.tokens',
      'abilities.fair',
    ]);
  });
});

describe('lockContract', () => {
  it('catches locks that hold within one process only', { timeout: 60_000 }, async () => {
    expect(await failures(acrossProcesses('process'))).toEqual([
      'processes: contenders in several processes lose no update, and are never inside at once',
      'processes: a lock that one process has keeps the other out',
      'processes: a holder that is killed keeps the others out for no longer than its lease',
    ]);
  });

  it('says why a process could not make its locks', { timeout: 30_000 }, async () => {
    const across = acrossProcesses('none').find(({ name }) => name.startsWith('processes'));
    await expect(across?.run()).rejects.toThrow(/process p\d failed[^]*no server to talk to/);
  });

  it('catches locks that never come free after a holder was killed', { timeout: 60_000 }, async () => {
    const killing = acrossProcesses('undying', 2_000).find(({ name }) => name.includes('killed'));
    await expect(killing?.run()).rejects.toThrow(/process heir, to be done, did not settle within 2100 ms/);
  });

  it('refuses options that cannot be meant, all at once', () => {
    const options = {
      abilities: { acquire: false, fair: true },
      contenders: 0,
      processes: { module: 'x' as never, count: 0.5 },
    };
    expect(() =>
      lockContract({ ...options, create: () => ({ locks: createLocks({ storage: new MemoryStorage() }) }) }),
    ).toThrow(
      'contenders must be an integer of at least 1, got 0; processes.count must be an integer of at least 1, got 0.5; ' +
        'processes.module must be a URL, got string; abilities.fair must not be true without abilities.acquire',
    );
  });
});
