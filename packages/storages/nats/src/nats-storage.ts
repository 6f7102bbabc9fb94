import {
  StorageError,
  type AcquireRequest,
  type AcquireResult,
  type Finding,
  type LeaseNews,
  type LeaseUpdate,
  type ListOptions,
  type LockRecord,
  type LockState,
  type LockStorage,
  type ReleaseResult,
  type RenewResult,
  type StorageCapabilities,
} from '@lockscope/storage';
import { Exchange, grantedOf } from './exchange.ts';
import { examineBucket } from './examine.ts';
import type { KnownLooks } from './known-looks.ts';
import { checkNatsOptions, type CheckedNatsOptions, type NatsStorageOptions } from './nats-options.ts';
import type { News } from './news.ts';
import { Place, Turns } from '@lockscope/storage/revisioned';
import { recordOf, type Look, type Step } from './records.ts';
import type { ServerTime } from './server-time.ts';
import { Session, type Open } from './session.ts';

/**
 * Locks in a key-value bucket of NATS JetStream: one record a key, changed by compare-and-set on its revision. The
 * revision is the fencing token, the server's stamp on it is the clock. A release hands the lock to the first waiter in
 * the same write.
 *
 * @throws {NatsOptionsError} from the constructor, when the options do not fit.
 */
export class NatsStorage implements LockStorage {
  readonly name = 'nats';
  readonly capabilities: StorageCapabilities;
  readonly #options: CheckedNatsOptions;
  readonly #session: Session;
  readonly #time: ServerTime;
  readonly #known: KnownLooks;
  readonly #news: News;
  readonly #exchange: Exchange;
  readonly #turns = new Turns();

  constructor(options: NatsStorageOptions = {}) {
    this.#options = checkNatsOptions(options);
    const durable = this.#options.store === 'file';
    this.capabilities = Object.freeze({
      reach: 'network',
      durable,
      notifies: true,
      queues: true,
      shares: true,
      turns: true,
    });
    this.#session = new Session(this.#options, (message) => this.#exchange.hear(message));
    this.#exchange = new Exchange(this.#session);
    const { time, known, news } = this.#session;
    this.#time = time;
    this.#known = known;
    this.#news = news;
  }

  acquire(request: AcquireRequest): Promise<AcquireResult> {
    const { key, leaseId, leaseMs, waitMs } = request;
    return this.#session.call('acquire', async (open) => {
      // Only an attempt that writes may start from an older look: the write fails when it was too old.
      const known = this.#known.exact(key) ?? nothing;
      if (known.place.isUnused) {
        open.leftovers.delete(key);
        const place = known.place.copy();
        place.grant(granteeOf(request), this.#time.now(), leaseMs, this.#news.address);
        const written = await open.records.write('acquire', key, known.seq, place);
        if (written !== undefined) {
          this.#stored(open, key, written);
          const record = recordOf(written.place, leaseId);
          if (record !== undefined) return grantedOf(record, written, record.expiresAt - leaseMs);
        }
      }
      const ask = (first?: Look): Promise<AcquireResult> =>
        this.#change(open, 'acquire', key, first, leaseId, (place, now) => this.#ask(request, place, now));
      // Attempts of one process that wait for one key do not get into each other's way.
      return waitMs === undefined ? ask() : this.#turns.take(key, () => ask(this.#known.exact(key)));
    });
  }

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    return this.#session.call('renew', (open) =>
      this.#change(open, 'renew', key, this.#known.of(key, leaseId), leaseId, (place): Step<RenewResult> => {
        const held = place.holding(leaseId);
        const refused = (): RenewResult => ({
          renewed: false,
          ...refusal(place, leaseId),
          storageNow: this.#time.now(),
        });
        if (held === undefined || this.#time.earliest() >= held.record.expiresAt)
          return { write: false, answer: refused };
        const from = this.#time.now();
        const more = { by: held.record.expiresAt, news: this.#news.address };
        place.extend(
          held,
          from,
          leaseMs,
          update === undefined ? more : { ...more, holder: update.holder, token: update.fencingToken },
        );
        return {
          write: true,
          answer: (now) => {
            const expiresAt = recordOf(now.place, leaseId)?.expiresAt;
            const wasTooLate = now.asClaimed === false && expiresAt === held.record.expiresAt;
            if (expiresAt === undefined || wasTooLate) return refused();
            return { renewed: true, expiresAt, storageNow: expiresAt - leaseMs };
          },
        };
      }),
    );
  }

  release(key: string, leaseId: string): Promise<ReleaseResult> {
    return this.#session.call('release', (open) =>
      this.#change(open, 'release', key, this.#known.of(key, leaseId), leaseId, (place): Step<ReleaseResult> => {
        const held = place.holding(leaseId);
        const end = held?.record.expiresAt ?? 0;
        if (held === undefined || this.#time.earliest() >= end)
          return { write: false, answer: () => ({ released: false, ...refusal(place, leaseId) }) };
        const now = this.#time.now();
        place.release(held, now);
        place.handOver(key, now);
        // When the answer comes after the end, the lease may have been over before the server freed it.
        return { write: true, answer: () => ({ released: this.#time.now() < end }) };
      }),
    );
  }

  leave(key: string, leaseId: string): Promise<void> {
    return this.#session.call('leave', (open) =>
      this.#turns.take(key, () =>
        this.#change(open, 'leave', key, this.#known.of(key, leaseId), leaseId, (place): Step<void> => {
          const held = place.holding(leaseId);
          if (held === undefined && place.position(leaseId) === -1) return { write: false, answer: () => undefined };
          const now = this.#time.now();
          if (held === undefined) place.leave(leaseId);
          else place.release(held, now);
          place.handOver(key, now);
          return { write: true, answer: () => undefined };
        }),
      ),
    );
  }

  forceRelease(key: string): Promise<LockRecord | undefined> {
    return this.#session.call('force release', async (open) => {
      let victims: Place['holders'] = [];
      const removed = await this.#change(
        open,
        'force release',
        key,
        undefined,
        undefined,
        (place, now): Step<LockRecord | undefined> => {
          victims = place.holders;
          if (victims.length === 0) return { write: false, answer: () => undefined };
          place.force(now);
          place.handOver(key, this.#time.now());
          return { write: true, answer: () => victims[0]?.record };
        },
      );
      for (const { record, news } of victims) {
        if (news !== undefined) this.#news.send(open.link, news, { type: 'forced', key, leaseId: record.leaseId });
      }
      return removed;
    });
  }

  read(key: string): Promise<LockState> {
    return this.#session.call('read', async (open) => this.#state(await open.records.look('read', key)));
  }

  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<LockState & { readonly record: LockRecord }> {
    const keys = await this.#session.call('list', ({ bucket }) => bucket.keys(prefix));
    for (let start = 0; start < keys.length; start += pageLength) {
      const page = keys.slice(start, start + pageLength);
      const states = await this.#session.call('list', (open) =>
        Promise.all(page.map((key) => this.#stateOrNothing(open, key))),
      );
      for (const state of states) if (state?.record !== undefined) yield { ...state, record: state.record };
    }
  }

  watch(key: string, leaseId: string, tell: (news: LeaseNews) => void): () => void {
    return this.#session.isClosed ? () => undefined : this.#news.watchers.add(key, leaseId, tell);
  }

  examine(): Promise<readonly Finding[]> {
    return this.#session.call('examine', async ({ bucket, link }) => {
      await bucket.tick();
      return examineBucket(bucket, link.connection.info?.version, this.#options.store, this.#time.now() - Date.now());
    });
  }

  /** Closes the connection that it made; one that was given stays open. */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** One attempt on a record that somebody is on. */
  #ask(request: AcquireRequest, place: Place, now: number): Step<AcquireResult> {
    const { key, leaseId, leaseMs, waitMs } = request;
    const from = this.#time.now();
    const held = place.holding(leaseId);
    const position = place.position(leaseId);
    let ahead = position === -1 ? place.waiters.length : position;
    const answer = (look: Look): AcquireResult => {
      const record = recordOf(look.place, leaseId);
      if (record !== undefined) return grantedOf(record, look, record.expiresAt - leaseMs);
      const storageNow = Math.max(now, this.#time.now());
      const turns = look.place.turnsFor(leaseId);
      return { acquired: false, record: place.holders[0]?.record, ahead, ...turns, storageNow };
    };
    if (held !== undefined) {
      place.extend(held, from, leaseMs, { by: held.record.expiresAt, news: this.#news.address });
      return { write: true, answer };
    }
    if (place.admits(request, position)) {
      place.grant(granteeOf(request), from, leaseMs, this.#news.address);
      return { write: true, answer };
    }
    if (waitMs === undefined) return { write: false, answer };
    if (position === -1 && place.waiters.length >= this.#options.maxWaiters) return { write: false, answer };
    ahead = place.wait({ ...request, waitMs }, from, this.#news.addressFor(key, leaseId));
    place.handOver(key, from);
    return { write: true, answer };
  }

  async #change<T>(
    open: Open,
    operation: string,
    key: string,
    known: Look | undefined,
    leaseId: string | undefined,
    decide: (place: Place, now: number) => Step<T>,
  ): Promise<T> {
    return open.records.change(operation, key, known, decide, (written, before) => {
      this.#stored(open, key, written);
      this.#exchange.tellOthers(open.link, key, leaseId, written, before);
    });
  }

  #stored({ bucket, leftovers }: Open, key: string, { seq, place }: Look): void {
    this.#known.set(key, { seq, place });
    if (place.isUnused && place.floor < bucket.tokenOf(seq + 1)) leftovers.add(key, seq);
    else leftovers.delete(key);
  }

  #state({ place }: Look): LockState {
    const copy = place.copy();
    copy.pass(this.#time.earliest());
    const times = copy.holders.map(({ record }) => record.acquiredAt);
    return copy.state(Math.max(this.#time.now(), ...times));
  }

  /** A record that is not one of Lockscope's is left out; who asks for the key is told of it. */
  async #stateOrNothing(open: Open, key: string): Promise<LockState | undefined> {
    try {
      return this.#state(await open.records.look('list', key));
    } catch (error) {
      if (error instanceof StorageError) return undefined;
      throw error;
    }
  }
}

const pageLength = 64;
const nothing: Look = Object.freeze({ seq: 0, place: new Place() });

function granteeOf({
  key,
  leaseId,
  holder,
  share,
  spareTokens,
  tokenAbove,
}: AcquireRequest): Parameters<Place['grant']>[0] {
  return { key, leaseId, holder, share, spare: spareTokens, above: tokenAbove };
}

/** Who has the lock instead; `place` is without what is over by now. */
function refusal(place: Place, leaseId: string): { record: LockRecord | undefined; forced: boolean } {
  const others = place.holders.filter(({ record }) => record.leaseId !== leaseId);
  return { record: others[0]?.record, forced: place.wasForced(leaseId) };
}
