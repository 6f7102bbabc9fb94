import type { IRequestOp } from 'etcd3';
import type { Keys } from './keys.ts';
import type { EtcdLease } from './leases.ts';
import type { Place } from '@lockscope/storage/revisioned';

/** The lease of etcd on which somebody's life hangs. */
export interface Alive {
  readonly id: string;
  readonly seconds: number;
}

/** A record and who of those on it is alive, as one moment had it. */
export interface View {
  /** The revision that wrote the record; 0 where there is none. */
  readonly seq: number;
  readonly place: Place;
  readonly alive: ReadonlyMap<string, Alive>;
}

/** A place that is to be written, and what was there before. */
interface Change {
  readonly keys: Keys;
  readonly key: string;
  readonly before: View;
  readonly place: Place;
}

/** To those who got the lock and did not ask, and to those from whom it was taken. */
export function newsOf(
  change: Change & { self: string | undefined; taken: ReadonlyMap<string, EtcdLease>; text: string },
): IRequestOp[] {
  const { keys, key, before, place, self, taken, text } = change;
  const requests: IRequestOp[] = [];
  const tell = (address: string, leaseId: string, lease: string, message: object): void => {
    const value = Buffer.from(JSON.stringify({ ...message, key, leaseId }));
    requests.push({ request_put: { key: keys.news(address, key, leaseId), value, lease } });
  };
  for (const { record, news, fresh } of place.holders) {
    const lease = taken.get(record.leaseId);
    if (news === undefined || record.leaseId === self || fresh?.token === undefined || lease === undefined) continue;
    tell(news, record.leaseId, lease.id, { type: 'granted', etcdLease: lease.id, seconds: lease.seconds, text });
  }
  for (const { record, news } of before.place.holders) {
    const { leaseId } = record;
    const lease = before.alive.get(leaseId);
    const wasTaken = place.wasForced(leaseId) && !before.place.wasForced(leaseId);
    if (news !== undefined && lease !== undefined && wasTaken) tell(news, leaseId, lease.id, { type: 'forced' });
  }
  return requests;
}

/** Removes what hung on those who are not on record any more. */
export function tidyUp({ keys, key, before, place }: Change): IRequestOp[] {
  return gone(before, place).flatMap(({ leaseId, news }): IRequestOp[] => [
    { request_delete_range: { key: keys.alive(key, leaseId) } },
    ...(news === undefined || place.wasForced(leaseId)
      ? []
      : [{ request_delete_range: { key: keys.news(news, key, leaseId) } }]),
  ]);
}

/** Those who were on record and are not any more. */
export function gone(before: View, place: Place): { leaseId: string; news: string | undefined }[] {
  const those = [
    ...before.place.holders.map(({ record, news }) => ({ leaseId: record.leaseId, news })),
    ...before.place.waiters.map(({ leaseId, news }) => ({ leaseId, news })),
  ];
  return those.filter(({ leaseId }) => place.holding(leaseId) === undefined && place.position(leaseId) === -1);
}
