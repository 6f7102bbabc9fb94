import { toWire, type Listener } from '@lockscope/core';
import type { Outbox } from './outbox.ts';

/** A listener that tells the parent of every event: when it starts, at each step, when it ends. */
export function forwarding(outbox: Outbox): Listener {
  return {
    name: 'forwarding',
    onStart: (event) => outbox.tell(['start', toWire(event)]),
    onAction: (event) => outbox.tell(['action', toWire(event)]),
    on: (event) => outbox.tell(['end', toWire(event)]),
  };
}
