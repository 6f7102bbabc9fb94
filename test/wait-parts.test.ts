import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Event, EventOf } from '@lockscope/core';
import type { LockStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { RedisStorage } from '@lockscope/storage-redis';
import { SqliteStorage } from '@lockscope/storage-sqlite';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';

import { describeWith } from './support/describe-with.ts';
import { startRedis } from './support/servers/redis.ts';

interface Turn {
  readonly ownerId: string;
  readonly from: number;
  readonly to: number;
}

/** Several sets of locks over storages of their own; each worker has the lock a few times, and notes when. */
async function contend(open: () => LockStorage): Promise<{ turns: Turn[]; waits: EventOf<'lock.acquire'>[] }> {
  const turns: Turn[] = [];
  const waits: EventOf<'lock.acquire'>[] = [];
  const on = (event: Event): void => {
    if (event.type === 'lock.acquire' && event.details?.contended === true) waits.push(event);
  };
  const listener = { name: 'waits', types: ['lock.acquire'] as const, on };
  const processes = Array.from({ length: 4 }, () => {
    const storage = open();
    const locks = createLocks({ storage, listeners: [listener], waitMs: 'forever', localHandovers: 0 });
    onTestFinished(async () => {
      await locks.close();
      await storage.close();
    });
    return { storage, locks };
  });
  // Connected before anybody waits.
  for (const { storage } of processes) await storage.read('a');
  const work = processes.map(async ({ locks }, process) => {
    for (let turn = 0; turn < 6; turn += 1) {
      const lock = await locks.acquire('a', { owner: `${process}/${turn}` });
      const from = performance.now();
      await sleep(20 + ((process * 7 + turn * 13) % 40));
      turns.push({ ownerId: lock.ownerId, from, to: performance.now() });
      await lock.release();
    }
  });
  await Promise.all(work);
  return { turns, waits };
}

/** How late the news of a grant or a release may come on a busy machine, in milliseconds. */
const slackMs = 150;

/** Every wait adds up, and whoever is named really had the lock meanwhile. */
function check({ turns, waits }: Awaited<ReturnType<typeof contend>>): {
  readonly all: number;
  readonly named: number;
} {
  const turnOf = new Map(turns.map((turn) => [turn.ownerId, turn]));
  let all = 0;
  let named = 0;
  for (const { ownerId = '', details } of waits) {
    const { segments = [], waitMs = 0 } = details ?? {};
    expect(segments.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(waitMs, 6);
    const until = turnOf.get(ownerId)?.from ?? Number.NaN;
    all += waitMs;
    for (const { blocker, ms } of segments) {
      if (blocker === undefined) continue;
      const turn = turnOf.get(blocker.ownerId);
      expect(turn, `${ownerId} waited for ${blocker.ownerId}`).toBeDefined();
      expect(turn?.from).toBeLessThan(until);
      expect(turn?.to).toBeGreaterThan(until - waitMs - slackMs);
      named += ms;
    }
  }
  expect(waits.length).toBeGreaterThan(15);
  return { all, named };
}

describe('waits over a storage in a file, that can only be asked', () => {
  it('add up, and name those who really had the lock', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wait-parts-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    check(await contend(() => new SqliteStorage({ path: join(folder, 'locks.db') })));
  }, 60_000);
});

describeWith('redis-server', 'waits over a server that hands over', () => {
  it('add up, name those who really had the lock, and know of nearly all the time who had it', async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const waits = await contend(() => {
      const client = new Redis(server.port, server.host);
      onTestFinished(() => client.disconnect());
      return new RedisStorage({ client });
    });
    const { all, named } = check(waits);
    expect(named / all).toBeGreaterThan(0.6);
  }, 60_000);
});
