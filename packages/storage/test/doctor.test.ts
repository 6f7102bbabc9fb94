import { describe, expect, test } from 'vitest';
import {
  MemoryStorage,
  StorageError,
  doctor,
  formatFindings,
  systemClock,
  type Clock,
  type Finding,
  type LockStorage,
} from '../src/index.ts';

/** A memory storage that does some things in another way, as a sick one would. */
function altered(changes: (healthy: LockStorage) => Partial<LockStorage> = () => ({})): LockStorage {
  const healthy: LockStorage = new MemoryStorage();
  return {
    name: healthy.name,
    capabilities: { reach: 'network', durable: true, notifies: true, queues: true, shares: true, turns: false },
    acquire: (request) => healthy.acquire(request),
    renew: (key, leaseId, leaseMs) => healthy.renew(key, leaseId, leaseMs),
    release: (key, leaseId) => healthy.release(key, leaseId),
    forceRelease: (key) => healthy.forceRelease(key),
    read: (key) => healthy.read(key),
    list: (options) => healthy.list(options),
    close: () => healthy.close(),
    ...changes(healthy),
  };
}

const fails = (operation: string) => (): Promise<never> =>
  Promise.reject(new StorageError('memory', operation, 'it is broken'));
const hangs = (): Promise<never> => new Promise<never>(() => undefined);

/** The checks by how bad they are, except those that are fine. */
function sick(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ level, check }) => (level === 'ok' ? [] : [`${level} ${check}`]));
}

function of(findings: readonly Finding[], check: string): Finding | undefined {
  return findings.find((finding) => finding.check === check);
}

async function keysHeld(storage: LockStorage): Promise<number> {
  let count = 0;
  for await (const _ of storage.list()) count += 1;
  return count;
}

describe('a storage that is well', () => {
  test('is told as that, each check with a word of its own', async () => {
    const findings = await doctor(altered());
    expect(sick(findings)).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual([
      'answer',
      'round-trip',
      'clock',
      'cycle',
      'tokens',
      'durable',
      'reach',
      'waiters',
      'shares',
    ]);
  });

  test('has no lock left afterwards', async () => {
    const storage = altered();
    await doctor(storage);
    expect(await keysHeld(storage)).toBe(0);
  });
});

describe('a storage that does not answer', () => {
  test('is told with the words of its error, and nothing else is tried', async () => {
    let calls = 0;
    const findings = await doctor(
      altered(() => ({
        read: fails('read'),
        acquire: () => Promise.reject(new Error(String((calls += 1)))),
        examine: () => Promise.reject(new Error(String((calls += 1)))),
      })),
    );
    expect(sick(findings)).toEqual(['problem answer']);
    expect(findings[0]?.message).toContain('storage memory failed to read: it is broken');
    expect(of(findings, 'reach')).toBeDefined();
    expect(calls).toBe(0);
  });

  test('in time is not waited for', async () => {
    const findings = await doctor(
      altered(() => ({ read: hangs })),
      { timeoutMs: 20 },
    );
    expect(findings[0]).toMatchObject({ level: 'problem', message: expect.stringContaining('within 20 ms') });
  });

  test('but throws at once is no surprise either', async () => {
    const findings = await doctor(
      altered(() => ({
        read: () => {
          throw new TypeError('not a function');
        },
      })),
    );
    expect(findings[0]).toMatchObject({ check: 'answer', message: expect.stringContaining('not a function') });
  });
});

describe('a lock', () => {
  for (const operation of ['acquire', 'renew', 'release'] as const) {
    test(`that cannot be used because ${operation} fails is told`, async () => {
      const findings = await doctor(altered(() => ({ [operation]: fails(operation) })));
      expect(sick(findings)).toEqual(['problem cycle']);
      expect(findings[0]).toMatchObject({ message: expect.stringContaining(operation), remedy: expect.any(String) });
    });
  }

  for (const [what, changes] of Object.entries<Partial<LockStorage>>({
    'refused although nobody has it': {
      acquire: () => Promise.resolve({ acquired: false, record: undefined, ahead: 0, storageNow: 0 }),
    },
    'not renewed': { renew: () => Promise.resolve({ renewed: false, record: undefined, storageNow: 0 }) },
    'not released': { release: () => Promise.resolve({ released: false }) },
    'held after its release': { release: () => Promise.resolve({ released: true }) },
  })) {
    test(`that is ${what} is told`, async () => {
      expect(sick(await doctor(altered(() => changes)))).toEqual(['problem cycle']);
    });
  }

  test('that was given although the rest failed is given back', async () => {
    const storage = altered(() => ({ renew: fails('renew') }));
    await doctor(storage);
    expect(await keysHeld(storage)).toBe(0);
  });

  test('that is given after its time is given back too', async () => {
    let isGiven: () => void = () => undefined;
    const given = new Promise<void>((resolve) => (isGiven = resolve));
    const storage = altered((healthy) => ({
      acquire: async (request) => {
        await new Promise((resolve) => setTimeout(resolve, 60));
        const result = await healthy.acquire(request);
        isGiven();
        return result;
      },
    }));
    expect(sick(await doctor(storage, { timeoutMs: 20 }))).toEqual(['problem cycle']);
    await given;
    await expect.poll(() => keysHeld(storage)).toBe(0);
  });

  test('whose token does not rise is told', async () => {
    const storage = altered((healthy) => ({
      acquire: async (request) => {
        const result = await healthy.acquire(request);
        return result.acquired ? { ...result, record: { ...result.record, fencingToken: 7 } } : result;
      },
    }));
    expect(sick(await doctor(storage))).toEqual(['problem tokens']);
  });
});

describe('time', () => {
  /** A clock on which every call of the storage takes so long, and whose wall is so far behind the storage's. */
  function slow(roundTripMs: number, behindMs = 0): { clock: Clock; storage: LockStorage } {
    let passed = 0;
    const clock: Clock = {
      ...systemClock,
      now: () => 1_000_000_000 + passed,
      monotonic: () => passed,
    };
    const storage = altered(() => ({
      read: () => {
        passed += roundTripMs;
        const storageNow = clock.now() - roundTripMs / 2 + behindMs;
        return Promise.resolve({ record: undefined, waiters: [], storageNow });
      },
    }));
    return { clock, storage };
  }

  async function judged(roundTripMs: number, behindMs = 0, leaseMs = 30_000): Promise<string[]> {
    const { clock, storage } = slow(roundTripMs, behindMs);
    return sick(await doctor(storage, { clock, leaseMs }));
  }

  test('a round trip of more than a hundredth of the lease is a warning, of more than a tenth a problem', async () => {
    expect(await judged(300)).toEqual([]);
    expect(await judged(301)).toEqual(['warning round-trip']);
    expect(await judged(3001)).toEqual(['problem round-trip']);
    expect(await judged(30, 0, 1000)).toEqual(['warning round-trip']);
  });

  test('a clock that is off by more than a second is a warning, with the value', async () => {
    expect(await judged(10, 900)).toEqual([]);
    expect(await judged(10, 1100)).toEqual(['warning clock']);
    expect(await judged(10, -1100)).toEqual(['warning clock']);
    const { clock, storage } = slow(10, -5000);
    expect(of(await doctor(storage, { clock }), 'clock')?.message).toMatch(/5000 ms behind .*give or take 5 ms/);
  });

  test('a clock that may be right, as far as a slow answer can tell, is none', async () => {
    expect(await judged(290, 1100)).toEqual([]);
    expect(await judged(290, 1200)).toEqual(['warning clock']);
  });
});

describe('what a storage promises', () => {
  test('is said in words, and tokens that start anew are a warning', async () => {
    const findings = await doctor(
      altered(() => ({
        capabilities: { reach: 'machine', durable: false, notifies: false, queues: false, shares: false, turns: false },
      })),
    );
    expect(sick(findings)).toEqual(['warning durable']);
    expect(of(findings, 'durable')?.message).toContain('tokens start anew');
    expect(of(findings, 'reach')?.message).toContain('one machine');
    expect(of(findings, 'waiters')?.message).toBe('waiters poll: they ask now and then, in no order');
    expect(of(findings, 'shares')?.message).toContain('cannot be shared');
  });
});

describe('what a storage finds itself', () => {
  const problem: Finding = { level: 'problem', check: 'eviction-policy', message: 'allkeys-lru', remedy: 'noeviction' };

  test('is told with the rest, problems first', async () => {
    const mine: Finding[] = [{ level: 'ok', check: 'version', message: '7' }, problem];
    const findings = await doctor(altered(() => ({ examine: () => Promise.resolve(mine) })));
    expect(findings[0]).toEqual(problem);
    expect(of(findings, 'version')).toEqual(mine[0]);
  });

  test('counts instead of what was seen from outside where it is worse, and else not', async () => {
    const worse: Finding = { level: 'warning', check: 'clock', message: 'off' };
    const same: Finding = { level: 'ok', check: 'durable', message: 'another word' };
    const findings = await doctor(altered(() => ({ examine: () => Promise.resolve([worse, same]) })));
    expect(findings.filter(({ check }) => check === 'clock')).toEqual([worse]);
    expect(findings.filter(({ check }) => check === 'durable').map(({ message }) => message)).toEqual([
      'tokens keep rising after a restart',
    ]);
  });

  test('is missing when that fails or hangs, and the rest is told', async () => {
    for (const examine of [fails('examine'), hangs]) {
      const findings = await doctor(
        altered(() => ({ examine })),
        { timeoutMs: 50 },
      );
      expect(sick(findings)).toEqual(['warning examine']);
      expect(of(findings, 'cycle')?.level).toBe('ok');
    }
  });
});

test('options that make no sense are a finding, because a doctor never throws', async () => {
  expect(await doctor(altered(), { leaseMs: 0, timeoutMs: Number.NaN })).toEqual([
    {
      level: 'problem',
      check: 'options',
      message: 'leaseMs must be a number above 0, got 0; timeoutMs must be a number above 0, got NaN',
    },
  ]);
});

describe('findings as text', () => {
  test('stand in columns, each remedy below, and are counted', () => {
    expect(
      formatFindings([
        { level: 'problem', check: 'eviction-policy', message: 'keys can be thrown away', remedy: 'set noeviction' },
        { level: 'warning', check: 'clock', message: 'off' },
        { level: 'ok', check: 'answer', message: 'redis answers' },
      ]),
    ).toBe(
      [
        'problem  eviction-policy  keys can be thrown away',
        '                          -> set noeviction',
        'warning  clock            off',
        'ok       answer           redis answers',
        '1 problem, 1 warning, 1 ok',
        '',
      ].join('\n'),
    );
    expect(formatFindings([])).toBe('0 problems, 0 warnings, 0 ok\n');
  });

  test('cannot steer a terminal or forge a line, whatever a server says', () => {
    const text = formatFindings([{ level: 'ok', check: 'a', message: '\u001b[2Jgone\nproblem  b  forged\u202e' }]);
    expect(text).toBe('ok       a   [2Jgone problem  b  forged \n0 problems, 0 warnings, 1 ok\n');
  });
});
