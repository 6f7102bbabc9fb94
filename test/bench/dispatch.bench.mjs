// What it costs to tell listeners of an event (goals 1 and 2): beside an EventEmitter, a diagnostics channel and a bare
// loop; and beside a port of the original's event, one to one.
import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';

import { ListenerSet } from '@lockscope/core';
import { v4 } from 'uuid';

import { Audience, Seat } from '../../packages/core/dist/audience.js';
import { judge, measure, print } from './rounds.mjs';

let heard = 0;
const hear = () => {
  heard += 1;
};

async function run() {
  for (const listeners of [1, 3]) {
    const rows = await measure(dispatchCases(listeners));
    print(`Telling ${listeners} listener${listeners === 1 ? '' : 's'} of an event that exists`, rows);
    const of = (name) => rows.find((row) => row.name === name).ns;
    judge('goal 1, against EventEmitter', of('lockscope') / of('EventEmitter'), 1);
    judge('goal 1, against an array loop', of('lockscope') / of('array loop'), 2);
  }
  const rows = await measure([naive(), frugal(1), frugal(3)]);
  print('An event with three actions, made and told', rows);
  judge('goal 2, against the naive port', rows[2].ratio, 0.3);
  judge('goal 2, bytes', rows[2].bytes, 800);
  if (heard === 0) throw new Error('nobody heard anything');
}

function dispatchCases(count) {
  const event = { type: 'lock.acquire' };
  const emitter = new EventEmitter();
  const bus = channel(`lockscope.bench.${count}`);
  const list = Array.from({ length: count }, () => () => hear());
  for (const one of list) {
    emitter.on('event', one);
    bus.subscribe(one);
  }
  const seats = list.map((on, index) => new Seat({ name: `l${index}`, on }, `l${index}`));
  const audience = new Audience(seats, () => {});
  const { on } = audience.hearing('lock.acquire');
  return [
    { name: 'array loop', run: repeat(() => loop(list, event)) },
    { name: 'EventEmitter', run: repeat(() => emitter.emit('event', event)) },
    { name: 'diagnostics_channel', run: repeat(() => bus.publish(event)) },
    { name: 'lockscope', run: repeat(() => audience.tellEnd(on, event)) },
  ];
}

function loop(list, event) {
  for (const one of list) one(event);
}

function repeat(step) {
  return (operations) => {
    for (let index = 0; index < operations; index += 1) step();
  };
}

/** The original's event, ported one to one: ids and dates at once, everything copied into every event. */
function naive() {
  const listeners = [hear];
  return {
    name: 'naive port',
    run: repeat(() => {
      const id = `storage-lock-event-${v4().replaceAll('-', '')}`;
      const event = {
        id,
        root_id: id,
        parent_id: '',
        lock_id: 'orders/1',
        owner_id: 'me',
        start_time: new Date(),
        end_time: null,
        actions: [],
      };
      for (const name of ['Begin', 'Try', 'Finish']) {
        const action = {
          name,
          start_time: new Date(),
          end_time: null,
          err: null,
          payload_map: new Map([['lockBusyCount', 0]]),
        };
        action.end_time = new Date();
        event.actions.push(action);
      }
      event.end_time = new Date();
      for (const listener of listeners) listener(event);
    }),
  };
}

function frugal(count) {
  const listeners = Array.from({ length: count }, (_, index) => ({
    name: `l${index}`,
    on: hear,
    types: ['lock.inspect'],
  }));
  const set = new ListenerSet({ listeners });
  const init = { lockName: 'orders/{id}', lockKey: 'orders/1', ownerId: 'me' };
  return {
    name: `lockscope, ${count} listener${count === 1 ? '' : 's'}`,
    run: repeat(() => {
      const open = set.begin('lock.inspect', init);
      open.action('acquire.attempt', { attempt: 1, result: 'busy' });
      open.action('acquire.attempt', { attempt: 2, result: 'busy' });
      open.action('acquire.attempt', { attempt: 3, result: 'acquired' });
      open.end('ok', { details: { found: true } });
    }),
  };
}

await run();
