import { describe, expect, it } from 'vitest';

import {
  acquireOutcomes,
  actions,
  attemptResults,
  eventTypes,
  fewValuedAttributes,
  lockModes,
  lostReasons,
  manyValuedAttributes,
  metrics,
  releaseReasons,
  renewOutcomes,
} from '../src/index.ts';

const few = Object.keys(fewValuedAttributes);
const sentence = /^[A-Z].*\.$/;

describe('every type of event', () => {
  it.each(Object.entries(eventTypes))(
    '%s has a brief, and its parents are types that can be told',
    (type, definition) => {
      expect(definition.brief).toMatch(sentence);
      for (const parent of [definition.parent ?? []].flat()) {
        expect(Object.keys(eventTypes)).toContain(parent);
        expect(parent).not.toBe(type);
      }
    },
  );

  it.each(Object.keys(eventTypes))('%s leads up to a root', (type) => {
    const rootsOf = (at: string, steps: number): string[] => {
      expect(steps, 'a circle of parents').toBeLessThan(10);
      const { parent } = eventTypes[at as keyof typeof eventTypes];
      return parent === undefined ? [at] : [parent].flat().flatMap((above) => rootsOf(above, steps + 1));
    };
    for (const root of rootsOf(type, 0)) expect(root).toMatch(/^lock|^fence|^unknown$/);
  });

  it('has a code of the original that says the same', () => {
    const codes = Object.fromEntries(
      Object.entries(eventTypes).map(([type, { originalCode }]) => [type, originalCode]),
    );
    expect(codes).toMatchObject({
      'lock.create': 1,
      lock: 2,
      'lock.acquire': 2,
      'storage.acquire': 2,
      'lock.release': 3,
      'storage.release': 3,
      'lease.renew': 4,
      'lease.lost': 4,
      'storage.renew': 4,
      unknown: 0,
    });
  });

  it('is named in lower case, with dots', () => {
    for (const type of Object.keys(eventTypes)) expect(type).toMatch(/^[a-z]+(\.[a-z]+(_[a-z]+)*)?$/);
  });
});

describe('every action', () => {
  it.each(Object.entries(actions))('%s has a brief and belongs to a type of event', (_name, { brief, of }) => {
    expect(brief).toMatch(sentence);
    expect(Object.keys(eventTypes)).toContain(of);
  });

  it('has a name that is no type of event', () => {
    for (const name of Object.keys(actions)) expect(Object.keys(eventTypes)).not.toContain(name);
  });
});

describe('every metric', () => {
  const all = Object.entries(metrics);

  it('has a name of its own, in Prometheus too', () => {
    expect(new Set(all.map(([, { prometheusName }]) => prometheusName)).size).toBe(all.length);
  });

  it.each(all)('%s is named by the conventions of Prometheus, after its name and unit', (name, metric) => {
    const { type, unit, prometheusName, help } = metric;
    const seconds = unit === 's' ? '_seconds' : '';
    const total = type === 'counter' ? '_total' : '';
    expect(prometheusName).toBe(`${name.replaceAll('.', '_')}${seconds}${total}`);
    expect(prometheusName).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(name, 'OpenTelemetry adds what Prometheus wants').not.toMatch(/total|seconds|_/);
    expect(unit).toMatch(/^(s|1|\{[a-z]+\})$/);
    expect(help).toMatch(sentence);
  });

  it.each(all)('%s has few-valued labels only, each once', (_name, { labels }) => {
    for (const label of labels) expect(few).toContain(label);
    expect(new Set(labels).size).toBe(labels.length);
  });

  it.each(all)('%s has rising buckets when it is a histogram, and none when it is not', (_name, { type, buckets }) => {
    if (type !== 'histogram') return expect(buckets).toBeUndefined();
    expect(buckets?.length).toBeGreaterThan(4);
    expect(buckets).toEqual([...new Set(buckets)].toSorted((a, b) => a - b));
    return expect(buckets?.[0]).toBeGreaterThan(0);
  });

  it('may carry a lock name, and none may carry a lock key', () => {
    const labels = new Set(all.flatMap(([, metric]) => metric.labels));
    expect(labels).toContain('lock.name');
    for (const many of Object.keys(manyValuedAttributes)) expect(labels).not.toContain(many);
  });
});

describe('every attribute', () => {
  it('is few-valued or many-valued, not both', () => {
    for (const name of Object.keys(manyValuedAttributes)) expect(few).not.toContain(name);
  });

  it.each([...Object.entries(fewValuedAttributes), ...Object.entries(manyValuedAttributes)])(
    '%s has a brief',
    (name, brief) => {
      expect(brief).toMatch(/^\S.*\.$/);
      expect(name).toMatch(/^[a-z]+([._][a-z]+)*$/);
    },
  );

  it('that is few-valued and known says the values it has', () => {
    const briefs: Readonly<Record<string, string>> = fewValuedAttributes;
    const values = {
      'lock.mode': lockModes,
      'lock.release_reason': releaseReasons,
      'lock.lost_reason': lostReasons,
      'lock.attempt_result': attemptResults,
    };
    for (const [name, known] of Object.entries(values)) {
      const said = briefs[name]?.match(/[a-z_]+/g)?.filter((word) => word !== 'or');
      expect(said, name).toEqual([...known]);
    }
  });

  it('lock.store_operation has a value for each type of storage call', () => {
    const operations = Object.keys(eventTypes).flatMap((type) => /^storage\.(.*)$/.exec(type)?.[1] ?? []);
    const said = fewValuedAttributes['lock.store_operation'].match(/[a-z_]+/g)?.filter((word) => word !== 'or');
    expect(said?.toSorted()).toEqual(operations.toSorted());
  });
});

it('no list of values has a value twice', () => {
  for (const values of [acquireOutcomes, attemptResults, lockModes, lostReasons, releaseReasons, renewOutcomes])
    expect(new Set<string>(values).size).toBe(values.length);
});
