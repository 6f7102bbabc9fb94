import { closableContract, type ClosableSetup, type Contract } from '@lockscope/testkit';
import { describe, it } from 'vitest';

import { Driver, DriverClosedError, type ServedEvent } from '../../src/index.ts';
import { Gate } from '../sinks/gate.ts';

interface Numbers {
  number: (n: unknown) => void;
}

function served(put: (driver: Driver<Numbers>, n: unknown) => Promise<unknown>, concurrency: number): ClosableSetup {
  const gate = new Gate();
  const handled: number[] = [];
  const driver = new Driver<Numbers>({ capacity: 5 });
  const handlers = {
    number: async (n: unknown, { signal }: ServedEvent) => {
      await gate.write(n as number);
      if (!signal.aborted) handled.push(n as number);
    },
  };
  void driver.consumer().serve(handlers, { concurrency });
  const { stick, unstick, inside } = gate;
  return {
    subject: driver,
    put: (n) => put(driver, n),
    putAny: (value) => put(driver, value),
    delivered: () => handled,
    stick,
    unstick,
    inside,
    isClosedError: (error) => error instanceof DriverClosedError,
  };
}

const send = (driver: Driver<Numbers>, n: unknown): Promise<unknown> => driver.producer().send('number', n);
/** Accepted when the driver has it; the answer is the delivery. */
const call = (driver: Driver<Numbers>, n: unknown): Promise<unknown> => driver.producer().call('number', n);

const contracts: Record<string, Contract> = {
  'one-way events, one at a time': closableContract({ create: () => served(send, 1) }),
  'one-way events, three at a time': closableContract({ create: () => served(send, 3), concurrency: 3 }),
  'requests, one at a time': closableContract({ create: () => served(call, 1) }),
  'requests, all at a time': closableContract({ create: () => served(call, Infinity), concurrency: 1000 }),
};

for (const [name, contract] of Object.entries(contracts)) {
  describe(`row 88: a driver of ${name} keeps what everything promises that can be closed`, () => {
    for (const { name: promise, run } of contract) it(promise, run);
  });
}
