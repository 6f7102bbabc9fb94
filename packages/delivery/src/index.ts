export type { Closable, Closed, CloseOptions } from './closable.ts';
export { DeliveryError } from './delivery-error.ts';
export * from './sinks/index.ts';
export * from './dispatcher/index.ts';
export * from './requests/index.ts';
export * from './bus/index.ts';
export * from './broker/index.ts';
