import { describe, expect, it } from 'vitest';

import { ListenerSet, type ListenerFault } from '../src/index.ts';
import { orders } from './possession.ts';
import { unhandledDuring } from './unhandled.ts';

const first = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const second = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

function offered(...offers: (() => unknown)[]): { traceparent: string | undefined; faults: ListenerFault[] } {
  const faults: ListenerFault[] = [];
  const listeners = offers.map((traceparent, at) => ({ name: `l${at}`, traceparent: traceparent as () => string }));
  const set = new ListenerSet({ listeners, onListenerError: (fault) => faults.push(fault) });
  return { traceparent: set.begin('lock', orders)?.traceparent(), faults };
}

describe('the trace context of an event', () => {
  it('is the first that a listener offers', () => {
    expect(
      offered(
        () => undefined,
        () => first,
        () => second,
      ).traceparent,
    ).toBe(first);
  });

  it.each([
    ['malformed', 'not a context'],
    ['of a later version', first.replace('00-', '01-')],
    ['empty', ''],
    ['huge', `${first}${'0'.repeat(1_000_000)}`],
    ['followed by a line with another header', `${first}\r\nx: y`],
    ['no text', 42],
    ['an object that pretends to be text', { length: 55, toString: () => first }],
    ['null', null],
  ])('is not one that is %s: the next is asked', (_what, offer) => {
    const { traceparent, faults } = offered(
      () => offer,
      () => second,
    );
    expect(traceparent).toBe(second);
    expect(faults).toEqual([]);
  });

  it('is none when nobody has one', () => {
    expect(offered().traceparent).toBeUndefined();
    expect(offered(() => undefined).traceparent).toBeUndefined();
  });

  it('comes from the next listener when one throws', () => {
    const boom = new Error('boom');
    const { traceparent, faults } = offered(
      () => {
        throw boom;
      },
      () => second,
    );
    expect(traceparent).toBe(second);
    expect(faults).toEqual([{ listener: 'l0', phase: 'traceparent', error: boom, eventType: 'lock', count: 1 }]);
  });

  it('is not waited for', async () => {
    const boom = new Error('boom');
    let faults: ListenerFault[] = [];
    const unhandled = await unhandledDuring(() => {
      const offer = offered(
        () => Promise.reject(boom),
        () => second,
      );
      expect(offer.traceparent).toBe(second);
      faults = offer.faults;
    });
    expect(unhandled).toEqual([]);
    expect(faults.map(({ phase, error }) => [phase, error])).toEqual([['traceparent', boom]]);
  });
});
