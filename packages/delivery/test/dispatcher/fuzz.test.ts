import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { localDispatcher, type DeadLetter, type DroppedEvent, type TopicHandler } from '../../src/index.ts';

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date', 'setImmediate'] }),
);
afterEach(() => void vi.useRealTimers());

/** The generator mulberry32: a seed repeats what failed. */
function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) % below;
  };
}

/** What has to become of each event for each handler that its topic had when it was taken. */
interface Owed {
  readonly handler: string;
  handled: number;
  dead: number;
  dropped: number;
}

async function story(seed: number): Promise<void> {
  const random = seeded(seed);
  const owed = new Map<string, Owed>();
  const at = (id: string, handler: string): Owed => {
    const found = owed.get(`${id} ${handler}`);
    if (found === undefined) throw new Error(`nobody owed ${id} to ${handler}`);
    return found;
  };
  const dispatcher = localDispatcher({
    maxQueued: 1 + random(20),
    parallel: 1 + random(3),
    maxDead: 1_000,
    onDead: ({ id, handler }: DeadLetter) => void (at(id, handler).dead += 1),
    onDrop: ({ id, handler }: DroppedEvent) => void (at(id, handler).dropped += 1),
  });
  const live = new Map<string, Set<string>>([
    ['x', new Set()],
    ['y', new Set()],
  ]);
  const removals: { readonly topic: string; readonly name: string; readonly remove: () => void }[] = [];
  const running = new Map<string, number>();
  const register = (topic: string): void => {
    const name = `h${removals.length}`;
    const handler: TopicHandler<unknown> = async (_, { id }) => {
      const key = `${id} ${name}`;
      running.set(key, (running.get(key) ?? 0) + 1);
      expect(running.get(key)).toBe(1);
      if (random(2) === 0) await new Promise((resolve) => setTimeout(resolve, random(20)));
      running.set(key, 0);
      if (random(3) === 0) throw new Error('at random');
      at(id, name).handled += 1;
    };
    const retry = { maxAttempts: 1 + random(3), delayMs: () => random(30) };
    const timeLimitMs = random(2) === 0 ? undefined : 1 + random(15);
    const remove = dispatcher.register(topic, handler, { name, retry, parallel: 1 + random(3), timeLimitMs });
    live.get(topic)?.add(name);
    removals.push({ topic, name, remove });
  };
  register('x');
  let accepted = 0;
  let refused = 0;
  const steps = 10 + random(40);
  for (let n = 0; n < steps; n += 1) {
    const topic = random(2) === 0 ? 'x' : 'y';
    const what = random(10);
    if (what < 6) {
      const id = `e${n}`;
      const handlers = [...(live.get(topic) ?? [])];
      for (const handler of handlers) owed.set(`${id} ${handler}`, { handler, handled: 0, dead: 0, dropped: 0 });
      const taken = dispatcher.dispatch(topic, n, { id, delayMs: random(3) === 0 ? random(40) : 0 });
      await taken.then(
        () => (accepted += 1),
        (error: { readonly code: string }) => {
          if (error.code === 'QUEUE_LIMIT') refused += 1;
          for (const handler of handlers) owed.delete(`${id} ${handler}`);
        },
      );
    } else if (what === 6) register(topic);
    else if (what === 7 && removals.length > 0) {
      const chosen = removals.at(random(removals.length));
      live.get(chosen?.topic ?? '')?.delete(chosen?.name ?? '');
      chosen?.remove();
    } else await vi.advanceTimersByTimeAsync(random(25));
  }
  const drain = (['due', 'all', 'none'] as const)[random(3)];
  const deadline = new AbortController();
  const closing = dispatcher.close({ drain, signal: deadline.signal });
  if (random(4) === 0) deadline.abort();
  await vi.advanceTimersByTimeAsync(10_000);
  await closing;
  const { handled, dead, dropped, failed, attempts, running: still } = dispatcher.counters();
  const sum = (of: keyof Omit<Owed, 'handler'>): number => [...owed.values()].reduce((all, each) => all + each[of], 0);
  expect(dispatcher.counters()).toMatchObject({ accepted, refused, dead: sum('dead'), dropped: sum('dropped') });
  expect(still).toBe(0);
  for (const [key, { dead: died, dropped: gone, ...each }] of owed) {
    // What ended past its limit, or when it was given up, did its work, and does not count as handled.
    expect(died + gone, key).toBeLessThanOrEqual(1);
    if (died + gone === 0) expect(each.handled, key).toBeGreaterThanOrEqual(1);
  }
  expect(handled + dead + dropped).toBe(owed.size);
  expect(attempts).toBeGreaterThanOrEqual(handled + failed);
}

test(
  'row 80: in 10,000 random stories everything that was taken is handled, dead or dropped, once, and counted',
  { timeout: 120_000 },
  async () => {
    for (let seed = 1; seed <= 10_000; seed += 1) {
      try {
        await story(seed);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  },
);
