/* oxlint-disable typescript/consistent-return -- that a switch is exhaustive is what is tested */
import { describe, expectTypeOf, it } from 'vitest';

import type {
  Action,
  ActionPayloads,
  Event,
  EventDetails,
  EventOf,
  EventType,
  ForeignAction,
  Listener,
  ListenerInput,
  ListenerSet,
  OpenEvent,
} from '../src/index.ts';

declare const event: Event;
declare const action: Action;
declare const set: ListenerSet;
declare const acquire: OpenEvent<'lock.acquire'>;

const init = { lockName: 'orders/{id}', lockKey: 'orders/42' };

describe('an event', () => {
  it('narrowed by its type has the details and the outcomes of that type', () => {
    if (event.type === 'lease.lost') {
      expectTypeOf(event.details).toEqualTypeOf<EventDetails['lease.lost'] | undefined>();
      expectTypeOf(event.details?.evidence.eventLoopDelayMs).toEqualTypeOf<number | undefined>();
      expectTypeOf(event.outcome).toEqualTypeOf<'lost' | undefined>();
    }
    if (event.type === 'lock.release') {
      expectTypeOf(event.outcome).toEqualTypeOf<'released' | 'stale' | 'error' | undefined>();
      // @ts-expect-error a release has no evidence of a loss
      expectTypeOf(event.details?.evidence);
    }
  });

  it('is switched over without a default, and a type that is forgotten does not compile', () => {
    const all = ({ type }: Event): string => {
      switch (type) {
        case 'lock.create':
        case 'lock':
        case 'lock.acquire':
        case 'lease.renew':
        case 'lease.lost':
        case 'lock.release':
        case 'fence.rejected':
        case 'lock.rollback':
        case 'lock.inspect':
        case 'lock.force_release':
          return 'lock';
        case 'storage.acquire':
        case 'storage.renew':
        case 'storage.release':
        case 'storage.read':
        case 'storage.leave':
        case 'storage.force_release':
          return 'storage';
        case 'unknown':
          return 'unknown';
      }
    };
    // @ts-expect-error not every type gives a text
    const forgetful = ({ type }: Event): string => {
      switch (type) {
        case 'lock':
          return 'lock';
      }
    };
    expectTypeOf(all).returns.toEqualTypeOf<string>();
    expectTypeOf(forgetful).parameter(0).toEqualTypeOf<Event>();
  });

  it('cannot be written to', () => {
    // @ts-expect-error read-only
    event.lockKey = 'orders/43';
    // @ts-expect-error read-only
    event.actions.push(action);
    // @ts-expect-error read-only, all the way down
    if (event.type === 'lock.acquire' && event.details !== undefined) event.details.attempts = 0;
    // @ts-expect-error it has no writing side
    event.end('released');
  });

  it('of any one type is an event', () => {
    expectTypeOf<{ [T in EventType]: EventOf<T> }[EventType]>().toEqualTypeOf<Event>();
    expectTypeOf<EventOf<'lock'>>().toExtend<Event>();
  });
});

describe('an action', () => {
  it('narrowed by its name has the payload of that name', () => {
    if (action.name === 'acquire.contended')
      expectTypeOf(action.payload).toEqualTypeOf<ActionPayloads['acquire.contended']>();
    if (action.name === 'lease.suspect') expectTypeOf(action.payload.remainingMs).toEqualTypeOf<number>();
  });

  it('of another system is told apart', () => {
    if (action.name === 'foreign') expectTypeOf(action).toEqualTypeOf<ForeignAction>();
    else expectTypeOf(action.payload).not.toEqualTypeOf<ForeignAction['payload']>();
  });
});

describe('the writing side', () => {
  it('knows what each action carries', () => {
    acquire.action('acquire.attempt', { attempt: 1, result: 'busy' });
    // @ts-expect-error no such action
    acquire.action('acquire.atempt', { attempt: 1, result: 'busy' });
    // @ts-expect-error no such field
    acquire.action('acquire.attempt', { atempt: 1, result: 'busy' });
    // @ts-expect-error a field too many
    acquire.action('acquire.attempt', { attempt: 1, result: 'busy', luck: 1 });
    // @ts-expect-error a field is missing
    acquire.action('acquire.attempt', { attempt: 1 });
    // @ts-expect-error no such result
    acquire.action('acquire.attempt', { attempt: 1, result: 'maybe' });
    // @ts-expect-error a payload of another action
    acquire.action('lock.reentered', { attempt: 1, result: 'busy' });
  });

  it('knows how each event can end, and with what', () => {
    acquire.end('acquired', { details: { attempts: 1, waitMs: 0, contended: false } });
    // @ts-expect-error an acquire is not released
    acquire.end('released');
    // @ts-expect-error details of another type
    acquire.end('acquired', { details: { holdMs: 1, fencingToken: 1 } });
    // @ts-expect-error no such detail
    acquire.end('acquired', { details: { attempts: 1, waitMs: 0, contended: false, luck: 1 } });
  });

  it('knows the types of its children', () => {
    expectTypeOf(acquire.child('storage.acquire')).toEqualTypeOf<OpenEvent<'storage.acquire'> | undefined>();
    // @ts-expect-error no such type
    acquire.child('storage.steal');
    // @ts-expect-error no such type
    set.begin('lock.steal', init);
    expectTypeOf(set.begin('lock', init)).toEqualTypeOf<OpenEvent<'lock'> | undefined>();
    // @ts-expect-error may be undefined: nobody listens
    set.begin('lock', init).end('released');
  });

  it('gives what the function gives that it runs', () => {
    expectTypeOf(acquire.around(() => 42)).toEqualTypeOf<number>();
    expectTypeOf(acquire.around(async () => 'x')).toEqualTypeOf<Promise<string>>();
  });
});

describe('a listener', () => {
  it('is a function or an object with a name; every method may be left out', () => {
    expectTypeOf((heard: Event) => void heard).toExtend<ListenerInput>();
    expectTypeOf(async (heard: Event) => void heard).toExtend<ListenerInput>();
    expectTypeOf({ name: 'mine' }).toExtend<Listener>();
    expectTypeOf({ on: () => {} }).not.toExtend<ListenerInput>();
  });

  it('wants types that exist', () => {
    expectTypeOf({ name: 'mine', types: ['lock', 'lease.lost'] as const }).toExtend<Listener>();
    // @ts-expect-error no such type
    const wrong: Listener = { name: 'mine', types: ['lock.lost'] };
    expectTypeOf(wrong).toEqualTypeOf<Listener>();
  });
});
