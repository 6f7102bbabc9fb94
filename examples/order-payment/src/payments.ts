// The process of the payments: node payments.js <nats> <database>
import { natsBroker } from '@lockscope/broker-nats';
import { bridge, createBus, createCommands, relayOutbox } from '@lockscope/delivery';

import { openDatabase, SqliteOutbox } from './database.ts';
import { makePayment, type MakePayment } from './messages.ts';
import { failing, stuttering } from './mishaps.ts';
import { createPaymentService } from './payment-service.ts';

const [servers = '', path = ''] = process.argv.slice(2);

const database = await openDatabase(path);
const outbox = new SqliteOutbox(database);
const service = createPaymentService({ database, outbox });

const broker = natsBroker({ servers, stream: 'shop' });
const relay = relayOutbox(outbox, stuttering(broker));
// A command has one handler. What comes from outside becomes a command at the edge.
const commands = createCommands<{ 'payment.make': (data: MakePayment) => void }>({ source: 'payments' });
commands.handle('payment.make', (command) => {
  service.pay(command);
  relay.wake();
});
const bus = createBus<{ 'payment.make': MakePayment }>({ source: 'payments' });
bus.on(
  'payment.make',
  failing((command) => commands.dispatch(command)),
);
const schemas = { 'payment.make': makePayment };
const edge = bridge(broker, bus, {
  origin: 'payments',
  // A process that is killed loses what it has to another, or to its successor, after a second.
  in: { subject: 'payment.make', group: 'payments', from: 'start', retryDelayMs: 50, ackWaitMs: 1000, schemas },
});

process.once('message', () => void stop());

async function stop(): Promise<void> {
  await edge.close();
  await relay.close();
  await broker.close();
  const { dead, rejected, failed } = edge.stats.in ?? { dead: 0, rejected: 0, failed: 0 };
  process.send?.({ report: { ...service.count(), failed, dead, rejected, published: relay.stats.published } });
  database.close();
  process.disconnect();
}
