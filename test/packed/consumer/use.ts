// A small program against the public API, as a user would write it. Type-checked and run by packed.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { decodeEvent, encodeEvent, queued, type Event, type Listener } from '@lockscope/core';
import { asListener, createBus, FunctionSink, localDispatcher, pipe, queue } from '@lockscope/delivery';
import { FileSink } from '@lockscope/delivery/file';
import { log } from '@lockscope/listener-log';
import { otel } from '@lockscope/listener-otel';
import { prometheus } from '@lockscope/listener-prometheus';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks, LockTimeoutError } from '@lockscope/storage-lock';
import { SqliteStorage } from '@lockscope/storage-sqlite';
import { storageContract, TimelineValidator } from '@lockscope/testkit';
import { Registry } from 'prom-client';

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}

const outcomes: string[] = [];
const mine: Listener = {
  name: 'mine',
  types: ['lock.acquire'],
  on(event: Event) {
    if (event.type === 'lock.acquire') outcomes.push(`${event.outcome} after ${event.details?.attempts} attempt(s)`);
    check(decodeEvent(encodeEvent(event)).id === event.id, 'an event survives the wire');
  },
};
const registry = new Registry();
const validator = new TimelineValidator();
const lines: string[] = [];
const folder = mkdtempSync(join(tmpdir(), 'lockscope-consumer-'));
const sent: string[] = [];
const sending = asListener(pipe(queue<Event>(), new FunctionSink<Event>((event) => void sent.push(event.type))));
const storage = new SqliteStorage({ path: join(folder, 'locks.db') });
const locks = createLocks({
  storage,
  listeners: [
    mine,
    sending,
    queued({ name: 'late', on: () => undefined }),
    validator,
    otel(),
    prometheus({ registry }),
    log({ stream: { write: (line) => lines.push(line) } }),
  ],
});
const orders = locks.define('orders/{id}', { expectedHoldMs: 200 });

const token: number = await orders.run({ id: 42 }, async (lock) => {
  lock.assertHeld();
  try {
    await locks.acquire('orders/42', { waitMs: 20 });
  } catch (error) {
    check(error instanceof LockTimeoutError && error.holder?.ownerId === lock.ownerId, 'a timeout names the holder');
  }
  return lock.fencingToken;
});
check(token === 1, 'the first token is 1');
check((await locks.inspect('orders/42')).holder === undefined, 'run() releases');
// @ts-expect-error the pattern needs an id
const incomplete: Parameters<typeof orders.acquire>[0] = {};
const refused = await orders.acquire(incomplete).then(
  () => undefined,
  (error: unknown) => (error as { code?: string }).code,
);
check(refused === 'INVALID_OPTIONS', 'a key without its parameter is refused');

await new Promise((resolve) => setTimeout(resolve, 20));
check(outcomes.join() === 'acquired after 1 attempt(s),timeout after 0 attempt(s)', outcomes.join());
check(
  (await registry.metrics()).includes('lock_hold_duration_seconds_count{lock_name="orders/{id}"'),
  'metrics are there',
);
check(lines.length > 5, 'the log has lines');
validator.assertValid();
const { capabilities } = new MemoryStorage();
const contract = storageContract({ create: () => ({ storage: new MemoryStorage() }), capabilities });
check(contract.length > 20 && contract.every(({ name }) => name !== ''), 'the contract has cases with names');

check((await sending.close()).undelivered === 0 && sent.includes('lock'), 'a sink gets what happened');
const bus = createBus<{ 'order.placed': { id: number } }>();
const jobs = localDispatcher<{ mail: { to: string } }>();
const mailed = new Promise<string>((resolve) => void jobs.register('mail', ({ to }) => resolve(to)));
bus.on('order.placed', ({ data }) => jobs.dispatch('mail', { to: `customer of ${data.id}` }));
await bus.publish('order.placed', { id: 42 });
check((await mailed) === 'customer of 42', 'an event leads to a job');
await jobs.close();
check(typeof FileSink === 'function', 'the file sink is there');

await locks.close();
await storage.close();
rmSync(folder, { recursive: true });
