import type { AcquireResult, LockStorage } from '@lockscope/storage';
import { RedisStorage } from '@lockscope/storage-redis';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { quorum } from '../src/index.ts';

const patience = 60_000;
// Long enough for a machine that is busy, so that who answers is never late.
const nodeTimeoutMs = 4000;
const leaseMs = 10_000;

function request(key: string, leaseId: string, ms = leaseMs) {
  return { key, leaseId, leaseMs: ms, holder: { ownerId: `owner of ${leaseId}` } };
}

function votesOf({ votes = [] }: Pick<AcquireResult, 'votes'>): Record<string, string> {
  return Object.fromEntries(votes.map(({ node, vote }) => [node, vote]));
}

describeWith('redis-server', 'three Redis servers that know nothing of each other', () => {
  let servers: RedisTestServer[];
  const open: LockStorage[] = [];
  let keys = 0;

  beforeAll(async () => {
    servers = await Promise.all([startRedis(), startRedis(), startRedis()]);
  }, patience);

  afterEach(async () => {
    await Promise.all(open.splice(0).map((storage) => storage.close()));
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  function process(): LockStorage {
    const nodes = servers.map(({ url }) => new RedisStorage({ url, commandTimeoutMs: 6000 }));
    const storage = quorum(nodes, { names: ['north', 'south', 'west'], nodeTimeoutMs });
    open.push(storage, ...nodes);
    return storage;
  }

  function newKey(): string {
    return `quorum/${(keys += 1)}`;
  }

  /** Asks until it is so, as somebody does who waits for the end of an outage. */
  async function eventually(storage: LockStorage, ask: () => Promise<AcquireResult>): Promise<AcquireResult> {
    for (const end = performance.now() + patience / 2; ;) {
      const result = await ask().catch(() => undefined);
      if (result?.acquired === true) return result;
      if (performance.now() > end) throw new Error(`${storage.name} did not give it`);
    }
  }

  it('give a lock to one of two processes, with the votes of all', async () => {
    const [one, other] = [process(), process()];
    const key = newKey();
    const given = await one.acquire(request(key, `${key}/a`));
    expect(given).toMatchObject({ acquired: true, record: { leaseId: `${key}/a` } });
    expect(Object.keys(votesOf(given))).toEqual(['north', 'south', 'west']);
    expect(await other.acquire(request(key, `${key}/b`))).toMatchObject({
      acquired: false,
      record: { leaseId: `${key}/a`, holder: { ownerId: `owner of ${key}/a` } },
    });
    expect((await one.release(key, `${key}/a`)).released).toBe(true);
    const next = await eventually(other, () => other.acquire(request(key, `${key}/b`)));
    expect(next.acquired && given.acquired && next.record.fencingToken > given.record.fencingToken).toBe(true);
  });

  it(
    'go on with one of them killed, and with it again when it came back empty',
    async () => {
      const storage = process();
      const key = newKey();
      const first = await eventually(storage, () => storage.acquire(request(key, `${key}/a`)));
      await servers[0]?.kill();
      const renewed = await storage.renew(key, `${key}/a`, leaseMs);
      expect(renewed.renewed).toBe(true);
      expect((await storage.release(key, `${key}/a`)).released).toBe(true);
      const second = await eventually(storage, () => storage.acquire(request(key, `${key}/b`)));
      expect(votesOf(second)).toMatchObject({ south: 'granted', west: 'granted' });

      await servers[0]?.start();
      // The renewals of the holder win the vote of the empty one back.
      let votes: Record<string, string> = {};
      for (const end = performance.now() + patience / 2; votes['north'] !== 'granted' && performance.now() < end;) {
        votes = votesOf(await storage.renew(key, `${key}/b`, leaseMs));
      }
      expect(votes['north']).toBe('granted');
      await servers[1]?.kill();
      expect((await storage.renew(key, `${key}/b`, leaseMs)).renewed).toBe(true);
      await servers[1]?.start();
      expect(second.acquired && first.acquired && second.record.fencingToken > first.record.fencingToken).toBe(true);
    },
    patience,
  );

  it(
    'go on with one that stands still, and what it did late is taken back',
    async () => {
      const storage = process();
      const key = newKey();
      servers[2]?.freeze();
      try {
        const startedAt = performance.now();
        const result = await storage.acquire(request(key, `${key}/a`, 60_000));
        expect(performance.now() - startedAt).toBeLessThan(nodeTimeoutMs);
        expect(votesOf(result)).toEqual({ north: 'granted', south: 'granted', west: 'late' });
        expect((await storage.release(key, `${key}/a`)).released).toBe(true);
      } finally {
        servers[2]?.thaw();
      }
      const west = new RedisStorage({ url: servers[2]?.url ?? '' });
      open.push(west);
      const alone = await eventually(west, () => west.acquire(request(key, `${key}/b`, 1000)));
      expect(alone.acquired).toBe(true);
    },
    patience,
  );

  it(
    'say that they cannot tell when two of them are gone, and never give the lock',
    async () => {
      const storage = process();
      const key = newKey();
      await servers[0]?.kill();
      servers[1]?.freeze();
      try {
        const error: unknown = await storage.acquire(request(key, `${key}/a`)).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: 'STORAGE_FAILED', operation: 'acquire' });
        const [north, south, west] = (error as { votes: { vote: string }[] }).votes;
        expect(['failed', 'late']).toContain(north?.vote);
        expect([south?.vote, west?.vote]).toEqual(['late', 'granted']);
      } finally {
        servers[1]?.thaw();
        await servers[0]?.start();
      }
      const given = await eventually(storage, () => storage.acquire(request(key, `${key}/b`)));
      expect(given.acquired).toBe(true);
    },
    patience,
  );
});
