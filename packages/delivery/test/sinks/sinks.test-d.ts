import type { Event, EventOf, Listener, WireEvent } from '@lockscope/core';
import { describe, expectTypeOf, it } from 'vitest';

import {
  asListener,
  Broadcaster,
  Channel,
  Filter,
  filter,
  type httpSink,
  pipe,
  Queue,
  queue,
  type Retrying,
  retrying,
  type Sink,
} from '../../src/index.ts';

/** What a sink takes. */
type Taken<S extends Sink<never>> = Parameters<S['write']>[0];

declare const numbers: Sink<number>;
declare const texts: Sink<string>;
declare const losses: Sink<EventOf<'lease.lost'>>;
declare const events: Sink<Event>;
declare const wire: Sink<WireEvent>;

describe('types of sinks', () => {
  it('row 57: a sink takes what it says and nothing else', () => {
    expectTypeOf<Taken<Queue<number>>>().toEqualTypeOf<number>();
    // @ts-expect-error a text is no number
    void new Queue(numbers).write('1');
    // @ts-expect-error a sink of texts is none of numbers
    void new Broadcaster<number>([texts]);
    expectTypeOf<Taken<ReturnType<typeof httpSink>>>().toEqualTypeOf<unknown>();
  });

  it('row 66: a type guard narrows what is behind', () => {
    const lost = (event: Event): event is EventOf<'lease.lost'> => event.type === 'lease.lost';
    const narrowed = new Filter(losses, lost);
    expectTypeOf<Taken<typeof narrowed>>().toEqualTypeOf<Event>();
    const chain = pipe(filter(lost), losses);
    expectTypeOf<Taken<typeof chain>>().toEqualTypeOf<Event>();
    // @ts-expect-error what is behind takes something else
    void new Filter(texts, lost);
  });

  it('row 67: a channel gives what was written', async () => {
    for await (const n of new Channel<number>()) expectTypeOf(n).toEqualTypeOf<number>();
  });

  it('row 72: a chain is typed from the first to the last', () => {
    const chain = pipe(queue<number>({ maxSize: 5 }), retrying<number>(), numbers);
    expectTypeOf(chain).toEqualTypeOf<Queue<number>>();
    expectTypeOf(pipe(retrying<number>(), numbers)).toEqualTypeOf<Retrying<number>>();
    // @ts-expect-error what comes out is no text
    pipe(queue<number>(), texts);
    // @ts-expect-error nor in between
    pipe(queue<number>(), retrying<string>(), texts);
  });

  it('a sink of events hangs on a lock, in the form that it takes', () => {
    expectTypeOf(asListener(events)).toExtend<Listener>();
    asListener(wire, { form: 'wire' });
    asListener(texts, { form: 'json' });
    // @ts-expect-error the form is the event itself
    asListener(texts);
  });
});
