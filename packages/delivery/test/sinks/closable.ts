import type { ClosableSetup } from '@lockscope/testkit';

import { isSinkClosed, type Sink } from '../../src/index.ts';
import { Gate } from './gate.ts';

/** A sink over a destination that can be stuck, as the contract of everything closable wants it. */
export function closableOf(make: (gate: Gate) => Sink<number>): () => ClosableSetup {
  return () => {
    const gate = new Gate();
    const subject = make(gate);
    return {
      subject,
      put: (n) => subject.write(n),
      putAny: (value) => subject.write(value as number),
      delivered: () => gate.delivered,
      stick: gate.stick,
      unstick: gate.unstick,
      inside: gate.inside,
      isClosedError: isSinkClosed,
    };
  };
}
