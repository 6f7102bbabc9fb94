import { setTimeout as sleep } from 'node:timers/promises';

import { type Locks, type LocksOptions, createLocks } from '@lockscope/storage-lock';
import { quorum } from '@lockscope/storage-quorum';
import { RedisStorage } from '@lockscope/storage-redis';
import { afterEach, expect, it, vi } from 'vitest';

import { describeWith } from '../support/describe-with.ts';
import { type RedisTestServer, startRedis } from '../support/servers/redis.ts';

/** Locks that take turns, and what they saw of each other. */
class Turns {
  readonly tokens: number[] = [];
  #inside = 0;
  overlaps = 0;

  async take(locks: Locks): Promise<void> {
    await locks.run('orders/1', async (lock) => {
      this.#inside += 1;
      if (this.#inside > 1) this.overlaps += 1;
      await sleep(2);
      // Whoever lost it meanwhile is not inside any more, by its own clock.
      lock.assertHeld();
      this.tokens.push(lock.fencingToken);
      this.#inside -= 1;
    });
  }
}

const rises = (tokens: readonly number[]): boolean =>
  tokens.every((token, n) => n === 0 || token > (tokens.at(n - 1) ?? Infinity));

describeWith('redis-server', 'locks that a majority of Redis servers gives', () => {
  let servers: RedisTestServer[] = [];
  let closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const server of servers) server.thaw();
    await Promise.all(closing.map((close) => close()));
    await Promise.all(servers.map((server) => server.stop()));
    [servers, closing] = [[], []];
  });

  async function serve(count: number): Promise<void> {
    servers = await Promise.all(Array.from({ length: count }, () => startRedis()));
  }

  /** As another process would have them. */
  async function locks(options: Partial<LocksOptions> = {}): Promise<Locks> {
    const nodes = servers.map(({ url }) => new RedisStorage({ url, commandTimeoutMs: 1_000 }));
    const all = createLocks({ storage: quorum(nodes), ...options });
    closing.push(async () => {
      await all.close();
      await Promise.all(nodes.map((node) => node.close()));
    });
    // Connected: a connection that is still being made is not what these tests are about.
    const mine = `warm/${closing.length}`;
    await vi.waitFor(() => all.run(mine, () => undefined), 10_000);
    return all;
  }

  it('are given to one after the other although two servers can always vote one to one', async () => {
    await serve(2);
    const contenders = await Promise.all(Array.from({ length: 4 }, () => locks()));
    const turns = new Turns();
    await Promise.all(contenders.flatMap((each) => Array.from({ length: 10 }, () => turns.take(each))));
    expect(turns.overlaps).toBe(0);
    expect(turns.tokens).toHaveLength(40);
    expect(rises(turns.tokens)).toBe(true);
  });

  it('are refused in time when one of two servers says yes and the other says nothing', async () => {
    await serve(2);
    const one = await locks({ waitMs: 1_000 });
    servers.at(1)?.freeze();
    const asked = performance.now();
    await expect(one.acquire('orders/1')).rejects.toMatchObject({
      code: expect.stringMatching(/LOCK_TIMEOUT|LOCK_STORAGE_FAILED/) as string,
    });
    expect(performance.now() - asked).toBeLessThan(2_000);
  });

  it('go on, and exclude, while one server of three is frozen', async () => {
    await serve(3);
    const contenders = await Promise.all(Array.from({ length: 3 }, () => locks()));
    const turns = new Turns();
    const stubborn = async (each: Locks): Promise<void> => {
      // With one of three gone, two that disagree decide nothing: that may be said, and is asked again.
      await turns.take(each).catch((error: { readonly code?: string }) => {
        if (error.code !== 'LOCK_STORAGE_FAILED') throw error;
        return stubborn(each);
      });
    };
    const all = Promise.all(contenders.flatMap((each) => Array.from({ length: 10 }, () => stubborn(each))));
    await sleep(50);
    servers.at(0)?.freeze();
    await all;
    expect(turns.overlaps).toBe(0);
    expect(turns.tokens).toHaveLength(30);
    expect(rises(turns.tokens)).toBe(true);
  });
});
