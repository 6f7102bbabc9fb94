import type { ClosableTrial } from './closable-trial.ts';

/** A case of the contract before it is bound to options. */
export interface ClosableScript {
  readonly name: string;
  /** Verbs of the setup without which it cannot be asked. */
  readonly needs?: readonly ('inside' | 'putAny')[];
  readonly body: (trial: ClosableTrial) => Promise<void>;
}
