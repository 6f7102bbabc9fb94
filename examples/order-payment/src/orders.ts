// The process of the orders: node orders.js <nats> <database> <how many>
import { randomBytes } from 'node:crypto';

import { natsBroker } from '@lockscope/broker-nats';
import { bridge, createBus, relayOutbox } from '@lockscope/delivery';

import { openDatabase, SqliteOutbox } from './database.ts';
import { paymentCreated, type PaymentCreated } from './messages.ts';
import { failing, stuttering } from './mishaps.ts';
import { createOrderService } from './order-service.ts';

const [servers = '', path = '', wanted = '0'] = process.argv.slice(2);

const database = await openDatabase(path);
const outbox = new SqliteOutbox(database);
const service = createOrderService({ database, outbox });

const broker = natsBroker({ servers, stream: 'shop' });
const bus = createBus<{ 'payment.created': PaymentCreated }>({ source: 'orders' });
bus.on(
  'payment.created',
  failing((event) => service.paid(event)),
);
const schemas = { 'payment.created': paymentCreated };
const edge = bridge(broker, bus, {
  origin: 'orders',
  in: { subject: 'payment.created', group: 'orders', from: 'start', retryDelayMs: 50, schemas },
});
let away = false;
const relay = relayOutbox(outbox, stuttering(broker), {
  onError: (error) => {
    if (!away)
      console.error(`${error instanceof Error ? error.message : String(error)}; the orders wait in the outbox`);
    away = true;
  },
});

const total = Number(wanted);
for (let number = 1; number <= total; number += 1) {
  const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
  service.create(`order-${number}`, number, traceparent);
}
relay.wake();
process.send?.({ placed: total });

let told = 0;
const watching = setInterval(() => {
  const { paid } = service.count();
  if (paid > told) process.send?.({ paid });
  told = paid;
}, 20);

process.once('message', () => void stop());

async function stop(): Promise<void> {
  clearInterval(watching);
  await edge.close();
  await relay.close();
  await broker.close();
  const { dead, rejected, failed } = edge.stats.in ?? { dead: 0, rejected: 0, failed: 0 };
  process.send?.({ report: { ...service.count(), failed, dead, rejected, published: relay.stats.published } });
  database.close();
  process.disconnect();
}
