import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { begun, FakeProcess, possession } from './fake-process.ts';
import { parseText } from './text-format.ts';

const hostile = [
  'quote " inside',
  'back\\slash',
  'ends with \\',
  'line\nend',
  '\\n is no line end',
  '"} 1\nlock_holder_count{lock_name="forged"',
  '__proto__',
  'constructor',
  'toString',
  'ключ/{id} 🔒 ﷽',
  'nul\u0000 and \r and \u2028',
  '{id}',
  '_other ',
];

describe('names that were made to do harm', () => {
  it.each(hostile)('%j comes back from a scrape as it was', async (lockName) => {
    const app = new FakeProcess();
    app.cycle({ lockName });
    const labels = { lock_name: lockName, lock_system: 'redis' };
    expect(await app.value('lock_holder_count', labels)).toBe(0);
    expect(parseText(app.listener.render())).toEqual(await app.lines());
    const [holders] = (await app.registry.getMetricsAsJSON()).filter(({ name }) => name === 'lock_holder_count');
    expect(holders?.values).toEqual([{ value: 0, labels }]);
  });

  it('are safe in every label that takes text from outside', async () => {
    for (const text of hostile) {
      const app = new FakeProcess();
      const lock = app.begin({ lockName: text, storageName: text, operation: text });
      const acquire = begun(lock.child('lock.acquire'));
      acquire.action('acquire.contended', { blocker: { ownerId: text, operation: text } });
      begun(acquire.child('storage.acquire')).end('error', { error: Object.assign(new Error(text), { code: text }) });
      acquire.end('timeout', { details: { attempts: 1, waitMs: 5, contended: true } });
      lock.end('timeout', { details: possession() });
      app.listener.onFault?.({ listener: text, phase: 'on', error: 0, count: 1 });
      const blame = { lock_name: text, lock_blocker_operation: text, lock_waiter_operation: text };
      expect(await app.value('lock_blocked_time_seconds_total', blame)).toBe(0.005);
      expect(await app.sum('lock_store_operation_duration_seconds_count', { error_type: text })).toBe(1);
      expect(await app.value('lockscope_listener_errors_total', { listener: text })).toBe(1);
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('of 10 kB are cut to 200 characters, and those that begin alike are one series', async () => {
    const app = new FakeProcess({ caps: { names: 1 } });
    app.cycle({ lockName: 'a'.repeat(10_000) });
    app.cycle({ lockName: `${'a'.repeat(200)}b` });
    const labels = { lock_name: 'a'.repeat(200), lock_system: 'redis', lock_attempt_result: 'acquired' };
    expect(await app.value('lock_acquire_attempts_total', labels)).toBe(2);
  });

  it('with half a surrogate pair are one series when they would be the same bytes', async () => {
    const app = new FakeProcess();
    app.cycle({ lockName: 'a\ud83d' });
    app.cycle({ lockName: 'a\udd12' });
    app.cycle({ lockName: `${'b'.repeat(199)}🔒` });
    const bytes = Buffer.from(app.listener.render()).toString();
    expect(parseText(bytes)).toEqual(await app.lines());
    const labels = { lock_name: 'a\ufffd', lock_system: 'redis', lock_attempt_result: 'acquired' };
    expect(await app.value('lock_acquire_attempts_total', labels)).toBe(2);
  });

  it('that are empty are called unknown', async () => {
    const app = new FakeProcess();
    app.cycle({ lockName: '', storageName: '' });
    expect(await app.value('lock_holder_count', { lock_name: 'unknown', lock_system: 'unknown' })).toBe(0);
  });

  it('of any kind can be read back', async () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(text, text, async (lockName, storageName) => {
        const app = new FakeProcess();
        app.cycle({ lockName, storageName });
        expect(await app.value('lock_holder_count', { lock_name: lockName, lock_system: storageName })).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
