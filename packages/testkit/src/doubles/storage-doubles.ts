import { exclusionDoubles } from './exclusion.ts';
import { failingDoubles } from './failing.ts';
import { leaseDoubles } from './leases.ts';
import { listingDoubles } from './listing.ts';
import { namingDoubles } from './naming.ts';
import type { StorageDouble } from './storage-double.ts';
import { tokenDoubles } from './tokens.ts';
import { waitingDoubles } from './waiting.ts';
import { wakingDoubles } from './waking.ts';

/** Storages with one defect each. A contract is believed only because it fails them. */
export const storageDoubles: readonly StorageDouble[] = Object.freeze([
  ...exclusionDoubles,
  ...leaseDoubles,
  ...tokenDoubles,
  ...waitingDoubles,
  ...wakingDoubles,
  ...namingDoubles,
  ...listingDoubles,
  ...failingDoubles,
]);
