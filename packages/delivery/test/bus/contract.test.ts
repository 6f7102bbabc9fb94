import { closableContract, type ClosableSetup, type Contract } from '@lockscope/testkit';
import { describe, it } from 'vitest';

import {
  BusClosedError,
  CommandsClosedError,
  createBus,
  createCommands,
  createMessage,
  type HandlerContext,
  type Message,
} from '../../src/index.ts';
import { Gate } from '../sinks/gate.ts';

/** Handlers run side by side. */
const concurrency = 1000;

/** Where numbers go, and what is asked of a subject that takes them there. */
function numbers(): {
  gate: Gate;
  handled: number[];
  handle: (message: Message, context: HandlerContext) => Promise<void>;
  rest: Pick<ClosableSetup, 'delivered' | 'stick' | 'unstick' | 'inside'>;
} {
  const gate = new Gate();
  const handled: number[] = [];
  const handle = async (message: Message, { signal }: HandlerContext): Promise<void> => {
    await gate.write(message.data as number);
    if (!signal.aborted) handled.push(message.data as number);
  };
  const { stick, unstick, inside } = gate;
  return { gate, handled, handle, rest: { delivered: () => handled, stick, unstick, inside } };
}

const numbered = (n: number): Message<'number', number> => createMessage('number', n, { source: 'test' });

function busWithHandler(): ClosableSetup {
  const bus = createBus<{ number: number }>();
  const { handle, rest } = numbers();
  bus.on('number', handle);
  return {
    ...rest,
    subject: bus,
    put: async (n) => {
      const [result] = await bus.publish(numbered(n));
      if (result?.status === 'rejected') throw result.reason;
    },
    isClosedError: (error) => error instanceof BusClosedError,
  };
}

function busWithLoop(): ClosableSetup {
  const bus = createBus<{ number: number }>();
  const { gate, handled, rest } = numbers();
  const loop = bus.events('number');
  void (async () => {
    for await (const { data } of loop) {
      // What a loop has taken is delivered.
      handled.push(data);
      await gate.write(data);
    }
  })();
  return {
    ...rest,
    subject: bus,
    put: (n) => bus.publish(numbered(n)),
    isClosedError: (error) => error instanceof BusClosedError,
  };
}

function commands(): ClosableSetup {
  const dispatcher = createCommands<{ number: (n: number) => void }>();
  const { handle, rest } = numbers();
  dispatcher.handle('number', handle);
  return {
    ...rest,
    subject: dispatcher,
    put: (n) => dispatcher.dispatch(numbered(n)),
    isClosedError: (error) => error instanceof CommandsClosedError,
  };
}

const contracts: Record<string, Contract> = {
  'a bus with a handler': closableContract({ create: busWithHandler, concurrency, without: ['putAny'] }),
  'a bus with a loop': closableContract({ create: busWithLoop, without: ['putAny'] }),
  'a command dispatcher': closableContract({ create: commands, concurrency, without: ['putAny'] }),
};

for (const [name, contract] of Object.entries(contracts)) {
  describe(`${name} keeps what everything promises that can be closed`, () => {
    for (const { name: promise, run } of contract) it(promise, run);
  });
}
