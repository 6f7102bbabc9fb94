import { carelessListeners } from './careless-listeners.ts';
import { failingListeners } from './failing-listeners.ts';
import type { ListenerDouble } from './listener-double.ts';

/** Listeners with one defect each. The contract is believed only because it fails them. */
export const listenerDoubles: readonly ListenerDouble[] = Object.freeze([...failingListeners, ...carelessListeners]);
