import { carelessDispatchers } from './careless-dispatchers.ts';
import type { DispatcherDouble } from './dispatcher-double.ts';
import { hastyDispatchers } from './hasty-dispatchers.ts';

/** Dispatchers with one defect each. The contract is believed only because it fails them. */
export const dispatcherDoubles: readonly DispatcherDouble[] = Object.freeze([
  ...carelessDispatchers,
  ...hastyDispatchers,
]);
