import { queued, type Event } from '@lockscope/core';
import { describe, expect, it } from 'vitest';

import { listenerContract, Recorder, TimelineValidator, type Contract } from '../src/index.ts';

const counting = listenerContract({
  create: () => {
    let told = 0;
    const on = (): void => void (told += 1);
    return { listener: { name: 'counting', on }, told: () => told };
  },
});

const behindQueue = listenerContract({
  create: () => {
    let told = 0;
    const listener = queued({ name: 'behind a queue', on: () => void (told += 1) }, { capacity: 20_000 });
    return { listener, told: () => told };
  },
});

const dropping = listenerContract({
  create: () => {
    let told = 0;
    const listener = queued({ name: 'dropping', on: () => void (told += 1) }, { capacity: 10 });
    return { listener, told: () => told + listener.dropped };
  },
});

const recording = listenerContract({
  create: () => {
    const listener = new Recorder({ capacity: 60_000, types: ['lock', 'lock.acquire'] });
    return { listener, told: () => listener.ends().length };
  },
});

const validating = listenerContract({
  mayKeep: 200,
  create: () => ({ listener: new TimelineValidator({ capacity: 100 }) }),
});

const some = listenerContract({
  accounts: ({ type, outcome }) => type === 'lock' && outcome === 'lost',
  create: () => {
    let told = 0;
    const on = ({ type, outcome }: Event): void => void (told += type === 'lock' && outcome === 'lost' ? 1 : 0);
    return { listener: { name: 'losses', on }, told: () => told };
  },
});

const good: Record<string, Contract> = {
  'a listener that counts': counting,
  'a listener behind a queue': behindQueue,
  'a listener that drops and counts what it drops': dropping,
  'the recorder': recording,
  'the timeline validator': validating,
  'a listener that accounts for some events': some,
};

for (const [name, contract] of Object.entries(good)) {
  describe(`${name} keeps the listener contract`, () => {
    for (const { name: promise, run } of contract) it(promise, run);
  });
}

describe('listenerContract', () => {
  it('refuses options that cannot be meant, all at once', () => {
    expect(() => listenerContract({ create: undefined as never, maxBlockMs: 0, settleMs: Number.NaN })).toThrow(
      'create must be a function, got undefined; maxBlockMs must be a number of at least 1, got 0; ' +
        'settleMs must be a number of at least 1, got NaN',
    );
  });

  it('puts back who listened for rejections before', async () => {
    const before = process.listeners('unhandledRejection');
    await counting[0]?.run();
    expect(process.listeners('unhandledRejection')).toEqual(before);
  });

  it('ends what a case started, whatever became of the case', async () => {
    const seen: string[] = [];
    const contract = listenerContract({
      create: () => ({ listener: { name: '' }, close: () => seen.push('closed') }),
      dispose: () => seen.push('disposed'),
    });
    await expect(contract[0]?.run()).rejects.toThrow(/it has no name/);
    expect(seen).toEqual(['closed', 'disposed']);
  });
});
