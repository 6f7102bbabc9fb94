// What one publish costs, beside the emitters that people know.
// Run after a build: taskset -c 1 node --expose-gc packages/delivery/bench/bus.bench.mjs [rounds] [ms per case]
import { EventEmitter } from 'node:events';

import { createBus, createCommands, createMessage } from '@lockscope/delivery';
import { EventEmitter as EventEmitter3 } from 'eventemitter3';
import mitt from 'mitt';
import { Subject } from 'rxjs';

import { cpuClock, measure, print } from '../../../test/bench/rounds.mjs';

const rounds = Number(process.argv[2] ?? 11);
const roundMs = Number(process.argv[3] ?? 100);
const message = createMessage('order.created', { id: '42' }, { source: 'bench' });
const { type } = message;

let handled = 0;
/** Handlers are functions of their own: the bus takes one that it has already for the same. */
const handlers = (count) =>
  Array.from({ length: count }, () => (given) => {
    handled += given === message ? 1 : 0;
  });

/** Case: `act` again and again, and a look at whether the handlers were called. */
const loop = (name, handlersEach, act) => ({
  name,
  run: (times) => {
    handled = 0;
    for (let n = 0; n < times; n += 1) act();
    if (handled !== handlersEach * times) throw new Error(`${name}: ${handled} of ${handlersEach * times} were called`);
  },
});

function casesOf(count) {
  const emitter = new EventEmitter().setMaxListeners(0);
  const emitter3 = new EventEmitter3();
  const tiny = mitt();
  const subject = new Subject();
  const bus = createBus();
  for (const handler of handlers(count)) {
    emitter.on(type, handler);
    emitter3.on(type, handler);
    tiny.on(type, handler);
    subject.subscribe(handler);
    bus.on(type, handler);
  }
  return [
    loop('EventEmitter', count, () => emitter.emit(type, message)),
    loop('eventemitter3', count, () => emitter3.emit(type, message)),
    loop('mitt', count, () => tiny.emit(type, message)),
    loop('rxjs Subject', count, () => subject.next(message)),
    loop('bus, emit a message', count, () => bus.emit(message)),
    loop('bus, publish a message', count, () => void bus.publish(message)),
  ];
}

/** The same, waited for. */
const waited = (name, act) => ({
  name,
  run: async (times) => {
    for (let n = 0; n < times; n += 1) await act();
  },
});

/** What is more than a call: a message made for it, a promise waited for, nobody there, a command. */
function moreCases() {
  const bus = createBus();
  const seen = (given) => {
    handled += given.type === type ? 1 : 0;
  };
  bus.on(type, seen);
  const commands = createCommands();
  commands.handle(type, seen);
  const wild = createBus();
  wild.on('order.*', seen);
  const empty = createBus();
  const later = createBus();
  later.on(type, async (given) => seen(given));
  return [
    loop('emit a message', 1, () => bus.emit(message)),
    loop('emit a message, handler of a prefix', 1, () => wild.emit(message)),
    loop('emit a message, nobody there', 0, () => empty.emit(message)),
    loop('emit type and data: makes a message', 1, () => bus.emit(type, message.data)),
    waited('publish a message and wait', () => bus.publish(message)),
    waited('publish a message and wait for an async handler', () => later.publish(message)),
    waited('dispatch a command and wait', () => commands.dispatch(message)),
  ];
}

// In CPU time, so that other load on the machine counts less.
for (const count of [1, 10, 100]) {
  const rows = await measure(casesOf(count), { rounds, roundMs, clock: cpuClock() });
  print(
    `One message to ${count} ${count === 1 ? 'handler' : 'handlers'}: CPU time, ${rounds} rounds of ${roundMs} ms`,
    rows,
  );
}
print('What a bus does beside', await measure(moreCases(), { rounds, roundMs, clock: cpuClock() }));
console.log(
  '\nThe bus of the original, in Go, one handler: 47 ns for one publish, measured elsewhere on a like machine.',
);
