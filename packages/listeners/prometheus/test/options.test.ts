import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';

import { InvalidOptionsError, prometheus, type PrometheusOptions } from '../src/index.ts';

function problems(options: unknown): readonly string[] {
  try {
    prometheus(options as PrometheusOptions).close();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    return (error as InvalidOptionsError).problems;
  }
  return [];
}

describe('options that cannot work', () => {
  it('are all named at once, each with its value and bound', () => {
    const registry = new Registry();
    const wrong = {
      registry,
      names: [
        '',
        'x'.repeat(201),
        { name: 'a', holderLimit: 0, expectedHoldMs: -1, mode: 'solo', system: '' },
        { name: 7 },
      ],
      caps: { names: 0, operations: 1.5, nmaes: 3 },
      buckets: { 'lock.hold.duration': [1, 1], 'lock.lease.lost': [1], 'lock.renew.duration': [], nothing: [1] },
      clock: {},
      regsitry: 1,
    };
    expect(problems(wrong)).toEqual([
      'there is no option "regsitry"; known are registry, names, caps, queues, buckets, clock',
      'there is no option "nmaes"; known are names, operations, blamePairs, orderEdges, systems, errorTypes, listeners',
      'clock must have now() and monotonic()',
      'caps.names must be an integer of at least 1, got 0',
      'caps.operations must be an integer of at least 1, got 1.5',
      'buckets.lock.hold.duration must be finite numbers that rise, got [1,1]',
      'buckets.lock.lease.lost is not a histogram of the catalogue',
      'buckets.lock.renew.duration must be finite numbers that rise, got []',
      'buckets.nothing is not a histogram of the catalogue',
      'names[0].name must be text of 1 to 200 characters, got 0',
      'names[1].name must be text of 1 to 200 characters, got 201',
      'names[2].system must be text of 1 to 200 characters, got 0',
      'names[2].mode must be one of exclusive, shared, semaphore, got solo',
      'names[2].holderLimit must be an integer of at least 1, got 0',
      'names[2].expectedHoldMs must be above 0 and finite, got -1',
      'names[3].name must be text of 1 to 200 characters, got number',
    ]);
    expect(registry.getMetricsAsArray()).toEqual([]);
  });

  it.each([[{ registry: {} }], [{ registry: null }], [{ registry: 'default' }]])('%j has no registry', (options) => {
    expect(problems(options)).toEqual(['registry must be a Registry of prom-client or false']);
  });

  it('are refused by declare() too, and then nothing is declared', () => {
    const listener = prometheus({ registry: false });
    const before = listener.render();
    expect(() => listener.declare('good', { name: 'bad', holderLimit: Number.NaN })).toThrow(
      'declare[1].holderLimit must be an integer of at least 1, got NaN',
    );
    expect(listener.render()).toBe(before);
  });
});

describe('options that work', () => {
  it('are taken as they were, whatever happens to them later', () => {
    const bounds = [1, 2];
    const names = [{ name: 'orders/{id}', system: 'redis', holderLimit: 1 }];
    const listener = prometheus({ registry: false, names, buckets: { 'lock.hold.duration': bounds } });
    const before = listener.render();
    bounds.push(3);
    names[0] = { name: 'other', system: 'redis', holderLimit: 2 };
    expect(listener.render()).toBe(before);
  });

  it('may be left out', () => {
    expect(problems({ registry: new Registry(), caps: {}, names: [], buckets: {}, clock: undefined })).toEqual([]);
  });
});
