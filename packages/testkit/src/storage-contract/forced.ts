import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { group, type Script } from './script.ts';
import { longLeaseMs, show, type Lease, type Trial } from './trial.ts';

/** Demands that renewal and release are refused, and that both say whether the lock was taken away by force. */
async function areRefused(trial: Trial, { key, leaseId }: Lease, forced: boolean): Promise<void> {
  const renewal = await trial.storage.renew(key, leaseId, longLeaseMs);
  const release = await trial.storage.release(key, leaseId);
  assert.ok(!renewal.renewed && !release.released, 'it does not have the lock any more');
  const expected = forced && !trial.options.forgetsForced;
  for (const [what, answer] of [['renewal', renewal] as const, ['release', release] as const]) {
    assert.equal(answer.forced ?? false, expected, `forced in the answer to a ${what}: ${show(answer)}`);
  }
}

export const forced: readonly Script[] = group('force release', {
  'who lost the lock by force is told so when it renews and when it releases': async (trial) => {
    const record = await trial.take('a');
    await (await trial.second()).forceRelease('a');
    await areRefused(trial, record, true);
  },

  'who lost the lock by force is told so although somebody else has it by now': async (trial) => {
    const record = await trial.take('a');
    await trial.storage.forceRelease('a');
    const next = await trial.take('a');
    await areRefused(trial, record, true);
    await trial.holds(next);
  },

  'a lease that ran out was not lost by force, also when somebody took over': async (trial) => {
    const record = await trial.take('a', { leaseMs: trial.shortMs });
    await trial.passShortLease();
    await areRefused(trial, record, false);
    await trial.take('a');
    await areRefused(trial, record, false);
  },

  'a lease that ran out before the lock was taken away was not lost by force': async (trial) => {
    const record = await trial.take('a', { leaseMs: trial.shortMs });
    await trial.passShortLease();
    await trial.take('a');
    await trial.storage.forceRelease('a');
    await areRefused(trial, record, false);
  },

  'a lock that was released was not lost by force, and a stranger lost nothing': async (trial) => {
    const record = await trial.take('a');
    await trial.release(record);
    await areRefused(trial, record, false);
    await trial.take('a');
    await trial.storage.forceRelease('a');
    await areRefused(trial, record, false);
    await areRefused(trial, { key: 'a', leaseId: randomUUID() }, false);
  },

  'a lease that lost the lock by force may have it again, as another possession': async (trial) => {
    const request = trial.request('a');
    const before = await trial.grant(request);
    await trial.storage.forceRelease('a');
    const { record } = await trial.grant(request);
    assert.ok(record.fencingToken > before.record.fencingToken, 'it is another possession, with a token of its own');
    await trial.holds(record);
    await trial.release(record);
  },
});
