import { listenerContract } from '@lockscope/testkit';
import { describe, test } from 'vitest';

import type { Event } from '@lockscope/core';

import { prometheus } from '../src/index.ts';
import { parseText } from './text-format.ts';

const counts = new Set([
  'lock_acquire_duration_seconds_count',
  'lock_hold_duration_seconds_count',
  'lock_renew_duration_seconds_count',
  'lock_lease_lost_total',
  'lock_fencing_rejected_total',
  'lock_store_operation_duration_seconds_count',
]);

/** Every event is one observation of one of these, but for those that say of themselves that nothing was held or done. */
function accounts({ type, details }: Event): boolean {
  if (type === 'lock') return (details as { holdMs?: number } | undefined)?.holdMs !== undefined;
  return type !== 'lock.create';
}

describe('the listener contract', () => {
  const create = () => {
    const listener = prometheus({ registry: false });
    const told = (): number => {
      const lines = parseText(listener.render()).filter(({ name }) => counts.has(name));
      return lines.reduce((sum, { value }) => sum + value, 0);
    };
    return { listener, told };
  };
  for (const { name, run } of listenerContract({ create, accounts })) test(name, run);
});
