import { clockDoubles } from './clocks.ts';
import { companionDoubles } from './companions.ts';
import { exclusionDoubles } from './exclusion.ts';
import { failingDoubles } from './failing.ts';
import { forcingDoubles } from './forcing.ts';
import { handingOverDoubles } from './handing-over.ts';
import { leaseDoubles } from './leases.ts';
import { listingDoubles } from './listing.ts';
import { namingDoubles } from './naming.ts';
import { passingOnDoubles } from './passing-on.ts';
import { renewingManyDoubles } from './renewing-many.ts';
import { sharingDoubles } from './sharing.ts';
import { stayingDoubles } from './staying.ts';
import type { StorageDouble } from './storage-double.ts';
import { tokenDoubles } from './tokens.ts';
import { turnDoubles } from './turns.ts';
import { waitingDoubles } from './waiting.ts';
import { wakingDoubles } from './waking.ts';

/** Storages with one defect each. A contract is believed only because it fails them. */
export const storageDoubles: readonly StorageDouble[] = Object.freeze([
  ...exclusionDoubles,
  ...leaseDoubles,
  ...clockDoubles,
  ...tokenDoubles,
  ...waitingDoubles,
  ...stayingDoubles,
  ...companionDoubles,
  ...wakingDoubles,
  ...handingOverDoubles,
  ...forcingDoubles,
  ...sharingDoubles,
  ...turnDoubles,
  ...passingOnDoubles,
  ...renewingManyDoubles,
  ...namingDoubles,
  ...listingDoubles,
  ...failingDoubles,
]);
