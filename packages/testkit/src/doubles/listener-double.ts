import type { ListenerSetup } from '../listener-contract/options.ts';

/** A listener with one defect, to show that the contract sees it. */
export interface ListenerDouble {
  /** The defect in words. */
  readonly name: string;
  /** Every case of `listenerContract` that it must fail; all others it passes. */
  readonly caughtBy: readonly string[];
  readonly create: () => ListenerSetup;
}
