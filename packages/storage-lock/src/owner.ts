import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Holder } from '@lockscope/storage';

/** The parts of a holder that are the same for all locks of one process. */
export interface Process {
  readonly host: string;
  readonly pid: number;
}

const maxHostLength = 40;

/** Unique ids of owners and leases, at the price of one counter: `host:pid:random:n`, at most 64 characters. */
export class OwnerIds {
  readonly process: Process;
  readonly #prefix: string;
  #count = 0;

  constructor() {
    const host = hostname();
    this.process = { host, pid: process.pid };
    this.#prefix = `${host.slice(0, maxHostLength)}:${process.pid}:${randomBytes(4).toString('hex')}:`;
  }

  next(): string {
    this.#count += 1;
    return this.#prefix + this.#count.toString(36);
  }
}

/** @internal Who the record is to name. */
export function holderOf(
  ownerId: string,
  { host, pid }: Process,
  service: string | undefined,
  operation: string | undefined,
  traceparent: string | undefined,
): Holder {
  const holder: { -readonly [K in keyof Holder]: Holder[K] } = { ownerId, host, pid };
  if (service !== undefined) holder.service = service;
  if (operation !== undefined) holder.operation = operation;
  if (traceparent !== undefined) holder.traceparent = traceparent;
  return holder;
}
