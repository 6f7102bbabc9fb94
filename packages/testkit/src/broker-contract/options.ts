import { InvalidOptionsError } from '@lockscope/core';
import type { Broker } from '@lockscope/delivery';

/** One empty broker for one case. */
export interface BrokerSetup {
  readonly broker: Broker;
  /** Another program's connection to the same log. Without it the cases use one connection for all. */
  connect?(): Broker | Promise<Broker>;
  /** Takes the server away, as in a crash, and brings it back with what it kept. */
  readonly outage?: { down(): Promise<void>; up(): Promise<void> };
  /** What is to be done after the case; brokers are closed by then. */
  close?(): unknown;
}

/** What `brokerContract` needs. */
export interface BrokerContractOptions {
  /** Called for each case. */
  create(): BrokerSetup | Promise<BrokerSetup>;
  /** Supplies what `outage` is for: without it those cases are not in the list. Default false. */
  readonly outages?: boolean;
  /** How long the broker may take for anything at all, in milliseconds. Only a broker that fails takes so long. Default 10,000. */
  readonly settleMs?: number;
  /** How long a case waits for what must not happen, in milliseconds. Default 300. */
  readonly quietMs?: number;
}

/** @internal */
export type CheckedBrokerOptions = Required<Omit<BrokerContractOptions, 'create'>> &
  Pick<BrokerContractOptions, 'create'>;

/** @internal @throws {InvalidOptionsError} naming everything that is wrong. */
export function checkBrokerOptions(options: BrokerContractOptions): CheckedBrokerOptions {
  const { outages = false, settleMs = 10_000, quietMs = 300 } = options;
  const problems: string[] = [];
  if (typeof options.create !== 'function') problems.push(`create must be a function, got ${typeof options.create}`);
  for (const [name, ms] of Object.entries({ settleMs, quietMs })) {
    if (!(Number.isFinite(ms) && ms >= 1)) problems.push(`${name} must be a number of at least 1, got ${String(ms)}`);
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return { create: () => options.create(), outages, settleMs, quietMs };
}
