// What the two services say to each other. A schema library would do instead of the checks by hand.
import type { StandardSchema } from '@lockscope/delivery';

/** The command of the orders to the payments. */
export interface MakePayment {
  readonly orderId: string;
  readonly amount: number;
}

/** The event of the payments. */
export interface PaymentCreated {
  readonly orderId: string;
  readonly paymentId: string;
}

export const makePayment = schema<MakePayment>({ orderId: 'string', amount: 'number' });
export const paymentCreated = schema<PaymentCreated>({ orderId: 'string', paymentId: 'string' });

function schema<T extends object>(fields: { readonly [Name in keyof T]: 'string' | 'number' }): StandardSchema<T> {
  const validate = (value: unknown) => {
    const given = Object(value) as Readonly<Record<string, unknown>>;
    const wrong = Object.entries(fields).filter(([name, type]) => typeof given[name] !== type);
    if (wrong.length === 0) return { value: value as T };
    return { issues: wrong.map(([name, type]) => ({ message: `must be a ${String(type)}`, path: [name] })) };
  };
  return { '~standard': { version: 1, vendor: 'example', validate } };
}
