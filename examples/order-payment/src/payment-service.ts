import { randomUUID } from 'node:crypto';

import { createMessage, type Message } from '@lockscope/delivery';

import { transaction, type Database, type SqliteOutbox } from './database.ts';
import type { MakePayment } from './messages.ts';

/** All that the service needs: who forgets one cannot compile. */
export interface PaymentDeps {
  readonly database: Database;
  readonly outbox: SqliteOutbox;
}

export interface PaymentService {
  /** Pays an order and tells of it, both or neither. An order that is paid already is not paid again. */
  pay(command: Message<string, MakePayment>): void;
  count(): { readonly payments: number; readonly repeated: number };
}

export function createPaymentService({ database, outbox }: PaymentDeps): PaymentService {
  database.exec(`CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY, order_id TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL, asked INTEGER NOT NULL DEFAULT 1
  )`);
  return {
    pay(command) {
      const { orderId, amount } = command.data;
      transaction(database, () => {
        const known = database.prepare('UPDATE payments SET asked = asked + 1 WHERE order_id = ?').run(orderId);
        if (Number(known.changes) > 0) return;
        const paymentId = randomUUID();
        database
          .prepare('INSERT INTO payments (id, order_id, amount) VALUES (?, ?, ?)')
          .run(paymentId, orderId, amount);
        const init = { source: 'payments', subject: orderId, causedBy: command };
        outbox.add('payment.created', createMessage('payment.created', { orderId, paymentId }, init));
      });
    },
    count() {
      const row = database.prepare('SELECT count(*) AS payments, sum(asked > 1) AS repeated FROM payments').get();
      return { payments: Number(row?.['payments']), repeated: Number(row?.['repeated']) };
    },
  };
}
