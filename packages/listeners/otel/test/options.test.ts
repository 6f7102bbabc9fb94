import { SpanStatusCode } from '@opentelemetry/api';
import { beforeAll, describe, expect, it } from 'vitest';

import { InvalidOptionsError, otel, type OtelOptions } from '../src/index.ts';
import { acquired, blockerWith, FakeProcess, useAsyncContext } from './fake-process.ts';

beforeAll(useAsyncContext);

describe('options', () => {
  it('that are wrong are all named at once', () => {
    const wrong = {
      tracerProvider: {},
      propagate: 'no',
      keyRedaction: 'some',
      maxBlockerLinks: 0,
      longHoldMs: 0,
      verbose: 1,
      colour: 'red',
    };
    expect(() => otel(wrong as unknown as OtelOptions)).toThrow(
      new InvalidOptionsError([
        'there is no option "colour"; known are tracerProvider, propagate, keyRedaction, maxBlockerLinks, longHoldMs, verbose',
        'tracerProvider must have getTracer()',
        'propagate must be true or false, got no',
        'keyRedaction must be none, hash or omit, got some',
        'maxBlockerLinks must be an integer from 1 to 128, got 0',
        'longHoldMs must be 1 to 2147483647 or Infinity, got 0',
        'verbose must be true or false, got 1',
      ]),
    );
    expect(() => otel({ maxBlockerLinks: 129 })).toThrow(InvalidOptionsError);
    expect(() => otel({ longHoldMs: 2 ** 31 })).toThrow(InvalidOptionsError);
  });

  it('may be left out', () => {
    expect(otel().name).toBe('otel');
    expect(otel({ longHoldMs: Infinity }).name).toBe('otel');
  });
});

describe('a key that must not be seen', () => {
  const key = 'users/alice@example.com';

  function tell(keyRedaction: 'hash' | 'omit'): FakeProcess {
    const app = new FakeProcess({ keyRedaction });
    const error = Object.assign(new Error(`no lock on ${key}`), { code: 'LOCK_TIMEOUT' });
    const lock = app.begin({ lockKey: key, lockName: 'users/{email}' });
    lock.child('lease.renew')?.end('failed', { error });
    const acquire = lock.child('lock.acquire');
    acquire?.action('acquire.contended', { blocker: blockerWith(undefined) });
    acquire?.end('timeout', { error, details: acquired });
    lock.end('timeout', { error });
    return app;
  }

  it.each(['hash', 'omit'] as const)('is nowhere in a span with %s, nor is a text that names it', (keyRedaction) => {
    const { spans } = tell(keyRedaction);
    expect(spans).toHaveLength(3);
    for (const { name, attributes, status, events, links } of spans) {
      expect(JSON.stringify({ name, attributes, status, events, links })).not.toContain('alice');
      expect(status).toEqual({ code: SpanStatusCode.ERROR });
      expect(attributes['error.type']).toBe('LOCK_TIMEOUT');
    }
  });

  it('hashed, is the same in every process', () => {
    const hashes = [...tell('hash').spans, ...tell('hash').spans].map(({ attributes }) => attributes['lock.key']);
    expect(new Set(hashes)).toEqual(new Set(['8eb5ca735e29aa8a']));
  });

  it('omitted, is absent', () => {
    for (const { attributes } of tell('omit').spans) expect(attributes).not.toHaveProperty('lock.key');
  });
});
