import type { Granted, LockRecord } from '@lockscope/storage';
import type { Link } from './link.ts';
import { parsePlace } from '@lockscope/storage/revisioned';
import type { Message } from './news.ts';
import { recordOf, type Look, type Written } from './records.ts';
import type { Session } from './session.ts';

/** What instances have to tell each other, and what comes of it. */
export class Exchange {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Whoever got the lock with this revision, and whoever has it and would start from an older one. */
  tellOthers(
    link: Link,
    key: string,
    self: string | undefined,
    { seq, text, begun, asClaimed }: Written,
    before: Look,
  ): void {
    for (const { leaseId, news } of begun) {
      if (news === undefined || leaseId === self) continue;
      const message: Message = asClaimed ? { type: 'granted', key, leaseId, seq, text } : { type: 'ask', key, leaseId };
      this.#session.news.send(link, news, message);
    }
    const others = new Set(
      before.place.holders.filter(({ record }) => record.leaseId !== self).map(({ news }) => news),
    );
    others.delete(this.#session.news.address);
    for (const news of others)
      if (news !== undefined) this.#session.news.send(link, news, { type: 'changed', key, seq });
  }

  hear(message: Message): void {
    const { key } = message;
    if (message.type === 'changed') return this.#lookAgain(key, message.seq);
    const { leaseId } = message;
    if (message.type !== 'granted') return this.#session.news.watchers.tell(key, leaseId, { type: message.type });
    const { seq, text } = message;
    const place = parsePlace(key, text, { seq, stamp: undefined });
    const record = typeof place === 'string' ? undefined : recordOf(place, leaseId);
    const isStale =
      this.#session.time.isStale || record === undefined || this.#session.time.latest() >= record.expiresAt;
    if (isStale || typeof place === 'string') return this.#session.news.watchers.tell(key, leaseId, { type: 'ask' });
    this.#session.known.set(key, { seq, place });
    this.#session.news.watchers.tell(key, leaseId, {
      type: 'granted',
      result: grantedOf(record, { seq, place }, Math.max(record.acquiredAt, this.#session.time.now())),
    });
  }

  /** Somebody joined the line of a lock that is held here: its release will have to start from there. */
  #lookAgain(key: string, seq: number): void {
    const { open } = this.#session;
    if (open === undefined || this.#session.known.isAsNew(key, seq)) return;
    void this.#session.known.refresh(key, () => open.records.look('read', key));
  }
}

/** The answer to one who has the lock. */
export function grantedOf(record: LockRecord, { place }: Look, storageNow: number): Granted {
  const { previous, waiters } = place;
  return { acquired: true, record, previous, waiting: waiters.length, ...place.turnsFor(record.leaseId), storageNow };
}
