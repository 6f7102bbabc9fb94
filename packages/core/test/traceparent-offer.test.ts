import { describe, expect, it } from 'vitest';

import { decodeEvent, encodeEvent, ListenerSet, snapshot, type Event, type ListenerFault } from '../src/index.ts';
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

  it('is on every event of the tree from then on, in copies and on the wire', () => {
    let asked = 0;
    const tracer = {
      name: 'tracer',
      traceparent: () => {
        asked += 1;
        return first;
      },
    };
    const set = new ListenerSet({ listeners: [tracer, { name: 'all', on: () => undefined }] });
    const lock = set.begin('lock', orders);
    expect(lock?.event.traceparent).toBeUndefined();
    lock?.traceparent();
    lock?.traceparent();
    const acquire = lock?.child('lock.acquire');
    acquire?.end('acquired');
    expect(asked).toBe(1);
    expect(acquire?.event.traceparent).toBe(first);
    expect(snapshot(acquire?.event as Event).traceparent).toBe(first);
    expect(decodeEvent(encodeEvent(acquire?.event as Event)).traceparent).toBe(first);
  });

  it('that is malformed on the wire is left out', () => {
    const wire = JSON.parse(
      encodeEvent(new ListenerSet({ listeners: [() => undefined] }).begin('lock', orders)?.event as Event),
    );
    expect(decodeEvent({ ...wire, traceparent: `${first}x` }).traceparent).toBeUndefined();
    expect(decodeEvent({ ...wire, traceparent: 7 }).traceparent).toBeUndefined();
  });
});
