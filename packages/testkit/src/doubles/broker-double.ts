import type { BrokerSetup } from '../broker-contract/options.ts';

/** A broker with one defect, to show that the contract sees it. */
export interface BrokerDouble {
  /** The defect in words. */
  readonly name: string;
  /** Every case of `brokerContract` that it must fail; all others it passes. */
  readonly caughtBy: readonly string[];
  readonly create: () => BrokerSetup;
}
