// A process with locks: node worker.js <name> <database> <nats> <redis>
import { setTimeout as pause } from 'node:timers/promises';

import { brokerListener } from '@lockscope/delivery';
import { createLocks } from '@lockscope/storage-lock';
import { SqliteStorage } from '@lockscope/storage-sqlite';

import { connect } from './brokers.ts';

const [name = '', path = '', nats = '', redis = ''] = process.argv.slice(2);

const brokers = connect(nats, redis);
const listeners = brokers.map((broker) => brokerListener(broker, { source: name, types: ['lock', 'lock.acquire'] }));
const storage = new SqliteStorage({ path });
const locks = createLocks({ storage, listeners });

for (let turn = 0; turn < 10; turn += 1) {
  await locks.run(`orders/${turn % 2}`, () => pause(2), { operation: `work of ${name}` });
}

await storage.close();
for (const listener of listeners) await listener.close();
for (const broker of brokers) await broker.close();
