import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { decodeEvent, encodeEvent, type Event } from '../src/index.ts';

const folder = new URL('original/', import.meta.url);

/** What became of each line that the original writes for one call of its user. `-`: that line does not say. */
const expected: Readonly<Record<string, readonly string[]>> = {
  create: ['lock.create ok'],
  'lock-free': [
    'lock.acquire -',
    'lock.acquire -',
    'lock.acquire -',
    'storage.read error',
    'storage.read error',
    'lock.acquire -',
    'storage.read ok',
    'storage.acquire ok',
    'storage.acquire ok',
    'lease.renew -',
    'lease.renew -',
    'lease.renew -',
    'lease.renew -',
    'lock.acquire acquired',
    'lock.acquire -',
  ],
  'lock-reenter': [
    'lock.acquire -',
    'lock.acquire -',
    'lock.acquire -',
    'storage.read ok',
    'storage.read ok',
    'lock.acquire -',
    'storage.read ok',
    'lock.acquire -',
    'storage.read ok',
    'storage.acquire ok',
    'storage.acquire ok',
    'lock.acquire acquired',
    'lock.acquire -',
  ],
  'lock-busy': [
    'lock.acquire -',
    'lock.acquire -',
    'lock.acquire -',
    'storage.read ok',
    'storage.read ok',
    'lock.acquire -',
    'storage.read ok',
    'lock.acquire -',
    'lock.acquire -',
    'lock.acquire -',
    'lease.renew -',
    'lease.renew -',
    'storage.read ok',
    'storage.read ok',
    'storage.read ok',
    'storage.renew ok',
    'lease.renew -',
    'lease.renew renewed',
    'lock.acquire timeout',
    'lock.acquire -',
  ],
  'take-over': [
    'lock.create ok',
    'lock.acquire -',
    'lock.acquire -',
    'lock.acquire -',
    'storage.read ok',
    'storage.read ok',
    'lock.acquire -',
    'storage.acquire ok',
    'storage.acquire ok',
    'lease.renew -',
    'lease.renew -',
    'lease.renew -',
    'lease.renew -',
    'lock.acquire acquired',
    'lock.acquire -',
  ],
  renewal: [
    'lease.renew -',
    'lease.renew -',
    'storage.read ok',
    'storage.read ok',
    'storage.read ok',
    'storage.renew ok',
    'lease.renew -',
    'lease.renew renewed',
  ],
  'record-vanished': [
    'lease.renew -',
    'lease.renew -',
    'storage.read error',
    'storage.read error',
    'lease.renew -',
    'lease.renew failed',
    'lease.renew -',
  ],
  stolen: [
    'lease.renew -',
    'lease.renew -',
    'storage.read ok',
    'storage.read ok',
    'storage.renew ok',
    'lease.renew -',
    'lease.renew renewed',
    'lease.renew -',
    'lease.renew -',
    'storage.read ok',
    'storage.read ok',
    'lease.renew lost',
    'lease.renew lost',
    'lease.renew -',
  ],
  'unlock-final': [
    'lock.release -',
    'lock.release -',
    'storage.read ok',
    'storage.read ok',
    'lock.release -',
    'lease.renew -',
    'lease.renew -',
    'lease.renew -',
    'lock.release -',
    'storage.release ok',
    'lock.release released',
    'lock.release -',
  ],
  'unlock-reentrant': [
    'lock.release -',
    'lock.release -',
    'storage.read ok',
    'storage.read ok',
    'lock.release -',
    'storage.read ok',
    'storage.release ok',
    'storage.release ok',
    'lock.release released',
    'lock.release -',
  ],
  'unlock-stranger': [
    'lock.release -',
    'lock.release -',
    'storage.read ok',
    'storage.read ok',
    'lock.release -',
    'lock.release error',
    'lock.release -',
  ],
  'unlock-not-locked': [
    'lock.release -',
    'lock.release -',
    'storage.read error',
    'storage.read error',
    'lock.release -',
    'lock.release error',
    'lock.release -',
  ],
  token: [
    'unknown -',
    'storage.read ok',
    'storage.read ok',
    'unknown -',
    'storage.read ok',
    'storage.read ok',
    'unknown -',
  ],
};

describe('a log of the original Go family', () => {
  it('is here for every call that was recorded', () => {
    const files = readdirSync(folder).map((file) => file.replace(/\.jsonl$/, ''));
    expect(files.toSorted()).toEqual(Object.keys(expected).toSorted());
  });

  it.each(Object.entries(expected))(
    'of %s is read: each line has its type and, where it says so, its end',
    (name, lines) => {
      expect(read(name).map(({ type, outcome }) => `${type} ${outcome ?? '-'}`)).toEqual(lines);
    },
  );

  it.each(Object.keys(expected))('of %s is the same after it was written by us and read again', (name) => {
    for (const event of read(name)) expect(decodeEvent(encodeEvent(event))).toEqual(event);
  });
});

describe('a line of the original', () => {
  const [begin] = read('lock-free') as [Event];
  const stored = read('lock-free').find(({ type }) => type === 'storage.acquire') as Event;

  it('gives the ids, the lock, its class and the owner', () => {
    expect(begin).toMatchObject({
      id: expect.stringMatching(/^storage-lock-event-[0-9a-f]{32}$/) as string,
      rootId: begin.id,
      lockKey: 'orders/42',
      lockName: 'orders/{id}',
      ownerId: 'storage-lock-owner-id-app-1-7f3a-a',
      storageName: 'memory-storage',
      mode: 'exclusive',
    });
    expect(begin).not.toHaveProperty('parentId');
    expect(stored.rootId).toBe(begin.id);
    expect(stored.parentId).toMatch(/^storage-lock-event-/);
  });

  it('gives times to the microsecond, whatever the offset, and how long it took', () => {
    // 2026-02-03T10:20:30.124691356+08:00 and 98.765 microseconds more.
    expect(begin.startedAt).toBe(Date.UTC(2026, 1, 3, 2, 20, 30) + 124.691);
    expect(begin.endedAt).toBe(Date.UTC(2026, 1, 3, 2, 20, 30) + 124.79);
    expect(begin.durationMs).toBe(0.099);
  });

  it('gives the actions under their own names, with payloads', () => {
    expect(stored.actions).toEqual([
      {
        name: 'foreign',
        foreignName: 'Storage.CreateWithVersion',
        startedAt: expect.any(Number) as number,
        endedAt: expect.any(Number) as number,
        payload: expect.objectContaining({ lockId: 'orders/42', version: 1 }) as object,
      },
    ]);
    expect(begin.actions[0], 'most have no end').not.toHaveProperty('endedAt');
    expect(begin.actions[0]?.payload).toEqual({});
  });

  it('gives the record of the lock, its version as the token', () => {
    expect(stored.lock).toEqual({
      key: 'orders/42',
      ownerId: 'storage-lock-owner-id-app-1-7f3a-a',
      fencingToken: 8,
      depth: 1,
      acquiredAt: Date.UTC(2026, 1, 3, 2, 20, 30) + 123.456,
      expiresAt: Date.UTC(2026, 1, 3, 2, 25, 30) + 123.456,
    });
  });

  it('says that there was an error although the original wrote {} for it', () => {
    const failed = read('lock-free').find(({ outcome }) => outcome === 'error');
    expect(failed?.actions[0]?.error).toEqual({ name: 'Error', message: 'an error whose text was not recorded' });
  });

  it('says which watchdog it was, and what it did is not taken for what the caller did', () => {
    const [renewal] = read('renewal') as [Event];
    expect(renewal.watchdogId).toBe('storage-lock-watch-dog-1b2c');
    expect(renewal.type).toBe('lease.renew');
  });
});

describe('a line of the original that differs', () => {
  const line = JSON.parse(readFileSync(new URL('lock-free.jsonl', folder), 'utf8').split('\n')[0] ?? '') as object;
  const reading = (change: object): Event => decodeEvent({ ...line, ...change });

  it.each([null, undefined, '0001-01-01T00:00:00Z', ''])('in that its end is %j has none', (end_time) => {
    const event = reading({ end_time });
    expect(event).not.toHaveProperty('endedAt');
    expect(event).not.toHaveProperty('durationMs');
  });

  it.each([
    [0, 'unknown'],
    [1, 'lock.create'],
    [2, 'lock.acquire'],
    [3, 'lock.release'],
    [4, 'lease.renew'],
    [5, 'unknown'],
    [-1, 'unknown'],
    [1.5, 'unknown'],
  ])('in that it has nothing but event_type %d is of type %s', (event_type, type) => {
    expect(reading({ event_type, actions: null }).type).toBe(type);
  });

  it.each([
    ['2026-02-03T02:20:30Z', 0],
    ['2026-02-03T02:20:30.5Z', 500],
    ['2026-02-03T02:20:30.000001Z', 0.001],
    ['2026-02-03T02:20:30.999999999Z', 1000],
    ['2026-02-02T20:50:30-05:30', 0],
  ])('in that it starts at %s starts %d ms after half past', (start_time, ms) => {
    expect(reading({ start_time }).startedAt).toBe(Date.UTC(2026, 1, 3, 2, 20, 30) + ms);
  });

  it.each([
    ['lock not found', { name: 'Error', message: 'lock not found' }],
    [{}, { name: 'Error', message: 'an error whose text was not recorded' }],
    [
      { message: 'm', name: 'E', code: 'C' },
      { name: 'E', message: 'm', code: 'C' },
    ],
  ])('in that its err is %j has that error', (err, error) => {
    expect(reading({ err }).error).toEqual(error);
  });

  it.each([[null], [''], [0], [[]]])('in that its err is %j has no error', (err) => {
    expect(reading({ err })).not.toHaveProperty('error');
  });

  it('in that its record is half a record has no record', () => {
    const { lock } = read('lock-free').find((event) => event.lock !== undefined) as Event;
    expect(lock).toBeDefined();
    const half = {
      lock_id: 'a',
      owner_id: 'o',
      version: 1,
      lock_begin_time: '0001-01-01T00:00:00Z',
      lease_expire_time: '',
    };
    expect(reading({ lock_information: half })).not.toHaveProperty('lock');
    expect(reading({ lock_information: { version: '1' } })).not.toHaveProperty('lock');
  });

  it('in that an action carries a name of ours keeps it', () => {
    const [action] = reading({
      actions: [{ name: 'acquire.contended', payload_map: { blocker: { ownerId: 'o' } } }],
    }).actions;
    expect(action?.name).toBe('acquire.contended');
  });
});

function read(name: string): Event[] {
  const text = readFileSync(new URL(`${name}.jsonl`, folder), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => decodeEvent(line));
}
