import type { ClosableSetup } from '../closable-contract/options.ts';

/** Something with a `close()` that has one defect, to show that the contract sees it. */
export interface ClosableDouble {
  /** The defect in words. */
  readonly name: string;
  /** Every case of `closableContract` that it must fail; all others it passes. */
  readonly caughtBy: readonly string[];
  readonly create: () => ClosableSetup;
}
