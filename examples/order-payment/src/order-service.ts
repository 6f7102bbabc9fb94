import { createMessage, type Message } from '@lockscope/delivery';

import { transaction, type Database, type SqliteOutbox } from './database.ts';
import type { PaymentCreated } from './messages.ts';

/** All that the service needs: who forgets one cannot compile. */
export interface OrderDeps {
  readonly database: Database;
  readonly outbox: SqliteOutbox;
}

export interface OrderService {
  /** Places an order and asks for its payment, both or neither. */
  create(orderId: string, amount: number, traceparent: string): void;
  /** Notes that an order is paid. Once more does nothing more. */
  paid(event: Message<string, PaymentCreated>): void;
  count(): { readonly orders: number; readonly paid: number; readonly sameTrace: number };
}

export function createOrderService({ database, outbox }: OrderDeps): OrderService {
  database.exec(`CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, amount INTEGER NOT NULL, status TEXT NOT NULL DEFAULT 'unpaid',
    payment_id TEXT UNIQUE, trace TEXT NOT NULL, paid_trace TEXT
  )`);
  return {
    create(orderId, amount, traceparent) {
      transaction(database, () => {
        const insert = database.prepare('INSERT INTO orders (id, amount, trace) VALUES (?, ?, ?)');
        insert.run(orderId, amount, traceparent);
        const init = { source: 'orders', subject: orderId, traceparent };
        outbox.add('payment.make', createMessage('payment.make', { orderId, amount }, init));
      });
    },
    paid({ data: { orderId, paymentId }, traceparent = '' }) {
      const update = database.prepare(
        `UPDATE orders SET status = 'paid', payment_id = ?, paid_trace = ? WHERE id = ? AND status = 'unpaid'`,
      );
      if (Number(update.run(paymentId, traceparent, orderId).changes) === 1) return;
      const known = database.prepare('SELECT payment_id FROM orders WHERE id = ?').get(orderId);
      if (known?.['payment_id'] !== paymentId)
        throw new Error(`payment ${paymentId} is of no order that could be paid`);
    },
    count() {
      const row = database
        .prepare(`SELECT count(*) AS orders, sum(status = 'paid') AS paid, sum(trace = paid_trace) AS same FROM orders`)
        .get();
      return { orders: Number(row?.['orders']), paid: Number(row?.['paid']), sameTrace: Number(row?.['same']) };
    },
  };
}
