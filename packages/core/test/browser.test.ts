import { createContext, runInContext, type Context } from 'node:vm';

import { beforeAll, describe, expect, it } from 'vitest';

import { bundleCore } from './bundle-core.ts';

describe('in a browser', () => {
  let page: Context;
  let warnings: string[];
  /** Runs a script in the page; what it gives comes out as JSON, because it belongs to another world. */
  const run = async (script: string): Promise<unknown> => {
    const result: unknown = runInContext(
      `(async () => JSON.stringify(await (async () => { ${script} })() ?? null))()`,
      page,
    );
    return JSON.parse(String(await result));
  };

  beforeAll(async () => {
    warnings = [];
    const { performance, crypto, setTimeout, clearTimeout, queueMicrotask } = globalThis;
    const console = { warn: (text: string) => void warnings.push(text) };
    // What every browser has. No process, no Buffer, no require, no setImmediate.
    page = createContext({ performance, crypto, setTimeout, clearTimeout, queueMicrotask, console });
    runInContext(await bundleCore(), page);
  }, 60_000);

  it('nothing of Node is there', async () => {
    expect(
      await run(
        'return ["process", "Buffer", "require", "global", "setImmediate"].filter((name) => name in globalThis)',
      ),
    ).toEqual([]);
  });

  it('a tree is told, written, and read again', async () => {
    const told = await run(`
      const ended = [];
      const set = new core.ListenerSet({ listeners: [{ name: 'page', on: (event) => ended.push(event) }] });
      const root = set.begin('lock', { lockName: 'orders/{id}', lockKey: 'orders/42' });
      const acquire = root.child('lock.acquire');
      acquire.action('acquire.attempt', { attempt: 1, result: 'acquired' });
      acquire.end('acquired', { details: { attempts: 1, waitMs: 0, contended: false } });
      root.end('released', { error: new RangeError('why not') });
      return ended.map((event) => {
        const read = core.decodeEvent(core.encodeEvent(event));
        const same = JSON.stringify(read) === JSON.stringify(core.snapshot(event));
        return { type: read.type, child: read.parentId === root.event.id, same, error: read.error?.name };
      });
    `);
    expect(told).toEqual([
      { type: 'lock.acquire', child: true, same: true },
      { type: 'lock', child: false, same: true, error: 'RangeError' },
    ]);
  });

  it('ids and times are made with what a browser has', async () => {
    const [id, startedAt] = (await run(`
      const { event } = new core.ListenerSet({ listeners: [() => {}] }).begin('lock', { lockName: 'a', lockKey: 'a' });
      return [event.id, event.startedAt];
    `)) as [string, number];
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    // The clocks of this machine may be read in either order.
    expect(Math.abs(startedAt - Date.now())).toBeLessThan(60_000);
  });

  it('a queue delivers without setImmediate', async () => {
    expect(
      await run(`
        const told = [];
        const queue = core.queued({ name: 'slow', on: ({ lockKey }) => void told.push(lockKey) });
        const set = new core.ListenerSet({ listeners: [queue] });
        for (let n = 0; n < 100; n += 1) set.begin('lock.inspect', { lockName: 'a', lockKey: 'k' + n }).end('ok');
        const before = told.length;
        await queue.flush();
        return [before, told.length, await queue.close()];
      `),
    ).toEqual([0, 100, { undelivered: 0 }]);
  });

  it('a listener that fails is said on the console, once', async () => {
    await run(`
      const set = new core.ListenerSet({ listeners: [{ name: 'bad', on() { throw new Error('boom'); } }] });
      for (let n = 0; n < 3; n += 1) set.begin('lock.inspect', { lockName: 'a', lockKey: 'a' }).end('ok');
    `);
    expect(warnings).toEqual([expect.stringMatching(/listener "bad" failed in on.*Error: boom/)]);
  });
});
