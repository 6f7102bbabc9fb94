import assert from 'node:assert/strict';

import { mostTurns, type AcquireRequest, type LockRecord, type PastTurn } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { about, longLeaseMs, show, type Granted, type Refused, type Trial } from './trial.ts';
import { isHanded, waiting, waits } from './waiter.ts';

/** An attempt that means to wait and asks who has the lock meanwhile. */
function asks(trial: Trial, more: Partial<AcquireRequest> = {}): AcquireRequest {
  return waiting(trial, 'a', { turns: true, ...more });
}

function told({ turns }: Granted | Refused): readonly PastTurn[] {
  return turns ?? [];
}

/** Between which times a possession ended. */
type End = readonly [earliest: number, latest: number];

function at(time: number): End {
  return [time, time];
}

/** Releases a lock that somebody waits for, and gives between which times. */
async function released(trial: Trial, record: LockRecord): Promise<End> {
  const { storageNow: before } = await trial.refuse(trial.request('a'));
  await trial.release(record);
  const { storageNow: after } = await trial.refuse(trial.request('a'));
  return [before, after];
}

/** Demands that these are told and no others, in this order; `ends` are the times at which they were over. */
function areTold(result: Granted | Refused, records: readonly LockRecord[], ends: readonly End[] = []): void {
  const turns = told(result);
  const tokens = records.map(({ fencingToken }) => fencingToken);
  assert.deepEqual(
    turns.map(({ fencingToken }) => fencingToken),
    tokens,
    `told were ${show(turns)}, instead of ${show(records)}`,
  );
  for (const [index, { holder, acquiredAt, endedAt, ...rest }] of turns.entries()) {
    const record = records[index] as LockRecord;
    assert.deepEqual([holder, Object.keys(rest)], [record.holder, ['fencingToken']]);
    about(acquiredAt, record.acquiredAt, `since when ${record.leaseId} had it`);
    const [earliest, latest] = ends[index] ?? [acquiredAt, result.storageNow];
    assert.ok(
      endedAt >= earliest - 1 && endedAt <= latest + 1,
      `${record.leaseId} had it until ${endedAt}, should be from ${earliest} to ${latest}`,
    );
  }
}

/** Demands that who was there right before is the last who is told. */
function endsWithPrevious(granted: Granted): void {
  const { previous } = granted;
  const last = told(granted).at(-1);
  assert.deepEqual([previous?.holder, previous?.fencingToken], [last?.holder, last?.fencingToken]);
  about(previous?.releasedAt ?? previous?.expiredAt ?? 0, last?.endedAt ?? 0, 'when the one before ended');
}

export const turns: readonly Script[] = group(
  'turns',
  {
    'who waits is told who had the lock, oldest first, each with all there is to know': async (trial) => {
      const holder = {
        ownerId: 'first',
        host: 'h',
        pid: 7,
        service: 's',
        operation: 'POST /orders\n"a"',
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      };
      const first = await trial.take('a', { holder });
      const quiet = waiting(trial);
      const asking = [asks(trial), asks(trial)] as const;
      await trial.refuse(quiet);
      for (const request of asking) areTold(await trial.refuse(request, await trial.second()), []);
      await trial.advance(20);
      const ends = [await released(trial, first)];
      const second = (await trial.grant(quiet)).record;
      areTold(await trial.refuse(asking[0]), [first], ends);
      await trial.advance(20);
      ends.push(await released(trial, second));
      const granted = await trial.grant(asking[0], await trial.second());
      areTold(granted, [first, second], ends);
      endsWithPrevious(granted);
      await trial.release(granted.record);
      const last = await trial.grant(asking[1]);
      areTold(last, [first, second, granted.record]);
      endsWithPrevious(last);
    },

    'each answer tells all of them again, on each instance': async (trial) => {
      const first = await trial.take('a');
      const next = waiting(trial);
      const request = asks(trial);
      await trial.refuse(next);
      await trial.refuse(request);
      await trial.release(first);
      const second = (await trial.grant(next)).record;
      const other = await trial.second();
      for (const storage of [trial.storage, other, trial.storage])
        areTold(await trial.refuse(request, storage), [first]);
      await trial.release(second);
      areTold(await trial.grant(request), [first, second]);
    },

    'nobody is told of what ended before it waited': async (trial) => {
      const first = await trial.take('a');
      const early = asks(trial);
      await trial.refuse(early);
      await trial.release(first);
      const second = (await trial.grant(early)).record;
      await trial.advance(20);
      const stays = asks(trial);
      const next = waiting(trial);
      await trial.refuse(next);
      await trial.refuse(stays);
      await trial.release(second);
      const third = (await trial.grant(next)).record;
      await trial.advance(20);
      const late = asks(trial);
      areTold(await trial.refuse(late), []);
      areTold(await trial.refuse(stays), [second]);
      await trial.release(third);
      const fourth = (await trial.grant(stays)).record;
      areTold(await trial.refuse(late), [third]);
      await trial.release(fourth);
      areTold(await trial.grant(late), [third, fourth]);
    },

    'a lease that ran out is told, with its end': async (trial) => {
      const first = await trial.take('a', { leaseMs: trial.shortMs });
      const next = asks(trial, { leaseMs: trial.shortMs });
      const request = asks(trial);
      await trial.refuse(next);
      await trial.refuse(request);
      await trial.passShortLease();
      const granted = await trial.grant(next);
      areTold(granted, [first], [at(first.expiresAt)]);
      endsWithPrevious(granted);
      const second = granted.record;
      await trial.passShortLease();
      const last = await trial.grant(request);
      areTold(last, [first, second], [at(first.expiresAt), at(second.expiresAt)]);
      endsWithPrevious(last);
    },

    'a lease that was renewed is told with when it began and when it was released': async (trial) => {
      const first = await trial.take('a');
      const request = asks(trial);
      await trial.refuse(request);
      await trial.advance(20);
      assert.ok((await trial.storage.renew('a', first.leaseId, longLeaseMs)).renewed);
      await trial.advance(20);
      const end = await released(trial, first);
      areTold(await trial.grant(request), [first], [end]);
    },

    'a lock that was taken away is told': async (trial) => {
      const first = await trial.take('a');
      const request = asks(trial);
      await trial.refuse(request);
      await (await trial.second()).forceRelease('a');
      const granted = await trial.grant(request);
      areTold(granted, [first]);
      endsWithPrevious(granted);
    },

    'who comes into line while the lock is kept for another is told who has it in between': async (trial) => {
      const first = await trial.take('a');
      const next = asks(trial);
      await trial.refuse(next);
      await trial.release(first);
      await trial.advance(20);
      const late = asks(trial);
      areTold(await trial.refuse(late), []);
      const second = (await trial.grant(next)).record;
      await trial.release(second);
      areTold(await trial.grant(late), [second]);
    },

    [`of more than ${mostTurns}, the last ${mostTurns} are told`]: async (trial) => {
      const records = [await trial.take('a')];
      const line = Array.from({ length: mostTurns + 2 }, () => waiting(trial));
      const request = asks(trial);
      for (const each of [...line, request]) await trial.refuse(each);
      for (const each of line) {
        await trial.release(records.at(-1) as LockRecord);
        records.push((await trial.grant(each)).record);
      }
      areTold(await trial.refuse(request), records.slice(0, -1).slice(-mostTurns));
      await trial.release(records.at(-1) as LockRecord);
      const granted = await trial.grant(request);
      areTold(granted, records.slice(-mostTurns));
      endsWithPrevious(granted);
    },

    'who did not ask for it is told of none': async (trial) => {
      const first = await trial.take('a');
      const quiet = [waiting(trial), waiting(trial)] as const;
      for (const request of [...quiet, asks(trial)]) await trial.refuse(request);
      await trial.release(first);
      const granted = await trial.grant(quiet[0]);
      const tries = await trial.refuse(trial.request('a', { turns: true }));
      for (const result of [granted, await trial.refuse(quiet[1]), tries])
        assert.deepEqual(told(result), [], 'it did not ask, or does not wait');
    },

    'they are forgotten when nobody who asks for them waits any more': async (trial) => {
      const first = await trial.take('a');
      const request = asks(trial);
      await trial.refuse(request);
      await trial.release(first);
      await trial.release((await trial.grant(request)).record);
      const next = await trial.take('a');
      const late = asks(trial, { waitedMs: longLeaseMs });
      areTold(await trial.refuse(late), []);
      await trial.release(next);
      areTold(await trial.grant(late), [next]);
    },

    'locks know only their own': async (trial) => {
      const first = await trial.take('a');
      const other = await trial.take('b');
      const request = asks(trial);
      const beside = waiting(trial, 'b', { turns: true });
      await trial.refuse(request);
      await trial.refuse(beside);
      await trial.release(other);
      areTold(await trial.grant(beside), [other]);
      await trial.release(first);
      areTold(await trial.grant(request), [first]);
    },
  },
  ['turns'],
);

export const handedTurns: readonly Script[] = group(
  'turns',
  {
    'whom the lock is handed to is told with the news': async (trial) => {
      const first = await trial.take('a');
      const quiet = await waits(trial);
      const asking = [await waits(trial, asks(trial)), await waits(trial, asks(trial), await trial.second())] as const;
      await trial.advance(20);
      const ends = [await released(trial, first)];
      const { record: second, turns: none = [] } = await isHanded(trial, quiet);
      assert.deepEqual(none, [], 'it did not ask');
      await trial.advance(20);
      ends.push(await released(trial, second));
      const third = await isHanded(trial, asking[0]);
      areTold(third, [first, second], ends);
      endsWithPrevious(third);
      await trial.release(third.record);
      const last = await isHanded(trial, asking[1]);
      areTold(last, [first, second, third.record]);
      endsWithPrevious(last);
    },
  },
  ['turns', 'notifies', 'queues'],
);

export const sharedTurns: readonly Script[] = group(
  'turns',
  {
    'each of those who shared the lock is told': async (trial) => {
      const one = await trial.take('a', { share: 3 });
      const two = await trial.take('a', { share: 3 });
      const three = await trial.take('a', { share: 3 });
      await trial.release(two);
      await trial.advance(20);
      const request = asks(trial);
      await trial.refuse(request);
      await trial.release(three);
      await trial.advance(20);
      areTold(await trial.refuse(request), [three]);
      await trial.release(one);
      areTold(await trial.grant(request), [three, one]);
    },
  },
  ['turns', 'shares'],
);

export const noTurns: readonly Script[] = group('no turns', {
  'who asks for them is told nothing of them': async (trial) => {
    const first = await trial.take('a');
    const request = asks(trial);
    const refused = await trial.refuse(request);
    await trial.release(first);
    const granted = await trial.grant(request);
    for (const result of [refused, granted])
      assert.equal(result.turns, undefined, `it states that it tells no turns, and tells ${show(result.turns)}`);
  },
});
