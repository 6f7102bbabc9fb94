import { ListenerSet } from '@lockscope/core';
import { describe, expect, it } from 'vitest';

import { FakeClock, Recorder } from '../src/index.ts';

const lock = { lockName: 'orders/{id}', lockKey: 'orders/42', storageName: 'memory' };

function inspect(recorder: Recorder, clock = new FakeClock()): void {
  const listeners = new ListenerSet({ listeners: [recorder], clock });
  const event = listeners.begin('lock.inspect', lock);
  const read = event?.child('storage.read');
  read?.end('error', { error: new Error('no answer') });
  event?.end('error', { error: new Error('no answer') });
}

describe('Recorder', () => {
  it('keeps what it is told, phase by phase, as it was then', async () => {
    const clock = new FakeClock();
    const recorder = new Recorder();
    const listeners = new ListenerSet({ listeners: [recorder], clock });
    const root = listeners.begin('lock', lock);
    const acquire = root?.child('lock.acquire');
    await clock.advance(5);
    acquire?.action('acquire.attempt', { attempt: 1, result: 'acquired' });
    acquire?.end('acquired', { details: { attempts: 1, waitMs: 5, contended: false } });
    expect(recorder.told.map(({ phase, event }) => [phase, event.type, event.actions.length, event.outcome])).toEqual([
      ['start', 'lock', 0, undefined],
      ['start', 'lock.acquire', 0, undefined],
      ['action', 'lock.acquire', 1, undefined],
      ['end', 'lock.acquire', 1, 'acquired'],
    ]);
    expect(recorder.actions('acquire.attempt')).toMatchObject([{ payload: { attempt: 1 } }]);
    expect(recorder.ends('lock.acquire')[0]?.details?.waitMs).toBe(5);
    expect(recorder.starts('lock')).toHaveLength(1);
    expect(recorder.outcomes()).toEqual(['lock.acquire acquired']);
  });

  it('shows what it was told, a line each, children further in', () => {
    const recorder = new Recorder();
    inspect(recorder);
    const lines = String(recorder)
      .split('\n')
      .map((line) => line.replace(/ [0-9a-f-]{36}$/, ''));
    expect(lines).toEqual([
      '      0.000 ms  start lock.inspect  orders/42',
      '      0.000 ms    start storage.read  orders/42',
      '      0.000 ms    end storage.read error (Error: no answer)  orders/42',
      '      0.000 ms  end lock.inspect error (Error: no answer)  orders/42',
    ]);
  });

  it('keeps as much as it may, and counts the rest', () => {
    const recorder = new Recorder({ capacity: 3 });
    inspect(recorder);
    expect(recorder.told).toHaveLength(3);
    expect(recorder.dropped).toBe(1);
    recorder.clear();
    expect([recorder.told.length, recorder.dropped]).toEqual([0, 0]);
  });

  it('hears only of the types that it was given', () => {
    const recorder = new Recorder({ name: 'reads', types: ['storage.read'] });
    inspect(recorder);
    expect(recorder.outcomes()).toEqual(['storage.read error']);
    expect(recorder.name).toBe('reads');
  });

  it('refuses a capacity that cannot be meant', () => {
    expect(() => new Recorder({ capacity: 0.5 })).toThrow(/capacity must be an integer of at least 1, got 0.5/);
  });
});
