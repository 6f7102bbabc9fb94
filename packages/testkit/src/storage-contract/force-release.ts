import assert from 'node:assert/strict';

import { group, type Script } from './script.ts';
import { longLeaseMs } from './trial.ts';

export const forceRelease: readonly Script[] = group('force release', {
  'frees the lock whoever has it, and gives the record that it removed': async (trial) => {
    const record = await trial.take('a', { holder: { ownerId: 'o', service: 's' } });
    assert.deepEqual(await (await trial.second()).forceRelease('a'), record);
    await trial.isFree('a');
    await trial.take('a');
  },

  'the holder that lost the lock can neither renew nor release': async (trial) => {
    const record = await trial.take('a');
    await trial.storage.forceRelease('a');
    const renewal = await trial.storage.renew('a', record.leaseId, longLeaseMs);
    assert.equal(renewal.renewed, false, 'it was renewed');
    await trial.cannotRelease(record, undefined);
    const next = await trial.take('a');
    await trial.cannotRelease(record, next);
    await trial.holds(next);
  },

  'removes nothing where nobody has the lock': async (trial) => {
    assert.equal(await trial.storage.forceRelease('nobody'), undefined);
    await trial.release(await trial.take('released'));
    assert.equal(await trial.storage.forceRelease('released'), undefined);
    await trial.take('over', { leaseMs: trial.shortMs });
    await trial.passShortLease();
    assert.equal(await trial.storage.forceRelease('over'), undefined, 'a lease that is over is nobody’s');
  },

  'other locks stay as they are': async (trial) => {
    await trial.take('a');
    const other = await trial.take('b');
    await trial.storage.forceRelease('a');
    await trial.holds(other);
  },
});
