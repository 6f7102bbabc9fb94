import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf, settle, type World } from './support/world.ts';

async function whoWaits(world: World, wait: () => Promise<unknown>): Promise<string | undefined> {
  const { other, clock, recorder } = world;
  const lock = await other().acquire('orders/1');
  const waiting = outcomeOf(wait());
  await settle(clock);
  await lock.release();
  await settle(clock);
  expect(waiting.state).toBe('resolved');
  const contended = recorder.actions('acquire.contended').at(-1)?.payload as { readonly callSite?: string } | undefined;
  return contended?.callSite;
}

describe('where a lock was asked for', () => {
  it.each([
    ['acquire()', ({ locks }: World) => locks.acquire('orders/1').then((lock) => lock.release())],
    ['run()', ({ locks }: World) => locks.run('orders/1', () => undefined)],
    ['a lock object', ({ locks }: World) => locks.lock('orders/1').run(() => undefined)],
    ['a class of locks', ({ locks }: World) => locks.define('orders/{id}').run({ id: 1 }, () => undefined)],
  ])('is told of a wait, from the caller on, without our own lines: %s', async (_how, ask) => {
    const world = makeWorld({ callSites: true });
    const site = await whoWaits(world, async function theCaller() {
      await ask(world);
    });
    const lines = site?.split('\n') ?? [];
    expect(lines[0]).toContain('call-site.test.ts');
    expect(lines.some((line) => line.includes('theCaller'))).toBe(true);
    expect(site).not.toContain('storage-lock/src');
    expect(site?.length).toBeLessThanOrEqual(4000);
  });

  it('is not told unless it is asked for', async () => {
    const world = makeWorld();
    expect(await whoWaits(world, () => world.locks.run('orders/1', () => undefined))).toBeUndefined();
  });

  it('is not told of a lock that was free', async () => {
    const { locks, recorder } = makeWorld({ callSites: true });
    await locks.run('orders/1', () => undefined);
    expect(JSON.stringify(recorder.ends())).not.toContain('call-site.test.ts');
  });

  it('breaks nothing where the program makes stacks of its own', async () => {
    const world = makeWorld({ callSites: true });
    // oxlint-disable-next-line typescript/unbound-method
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = (_error, frames) => frames;
    try {
      expect(await whoWaits(world, () => world.locks.run('orders/1', () => undefined))).toBeUndefined();
    } finally {
      if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
      else Error.prepareStackTrace = prepareStackTrace;
    }
  });
});
