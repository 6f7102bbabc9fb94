import {
  StorageError,
  monotoneClock,
  type AcquireRequest,
  type AcquireResult,
  type Finding,
  type Granted,
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
import { checkEtcdOptions, type CheckedEtcdOptions, type EtcdStorageOptions } from './etcd-options.ts';
import { examineCluster } from './examine.ts';
import { parsePlace, type Place, Turns } from '@lockscope/storage/revisioned';
import type { Message } from './news.ts';
import { emptyView, type Step } from './records.ts';
import type { View } from './requests.ts';
import { Session, type Open } from './session.ts';

/**
 * Locks in etcd: one record a key, changed in transactions, and for each holder and waiter a key that hangs on a lease
 * of etcd. A lease is over when etcd has removed that key, so the clock of its leader decides. The revision is the
 * fencing token.
 *
 * @throws {EtcdOptionsError} from the constructor, when the options do not fit.
 */
export class EtcdStorage implements LockStorage {
  readonly name = 'etcd';
  readonly capabilities: StorageCapabilities = Object.freeze({
    reach: 'network',
    durable: true,
    notifies: true,
    queues: true,
    shares: true,
    turns: true,
  });
  readonly #options: CheckedEtcdOptions;
  readonly #session: Session;
  readonly #turns = new Turns();
  /** For the times that are shown. What ends a lease is etcd's. */
  readonly #clock = monotoneClock();

  constructor(options: EtcdStorageOptions = {}) {
    this.#options = checkEtcdOptions(options);
    this.#session = new Session(
      this.#options,
      () => this.#now(),
      (message) => void this.#hear(message),
    );
  }

  acquire(request: AcquireRequest): Promise<AcquireResult> {
    const { key, leaseId, waitMs } = request;
    return this.#session.call('acquire', async (open) => {
      if (this.#session.news.watchers.has(key, leaseId)) await this.#session.news.ready(this.#options.timeoutMs);
      const ask = (): Promise<AcquireResult> =>
        this.#change(open, 'acquire', key, emptyView, (place) => this.#ask(request, place));
      // Attempts of one process that wait for one key do not get into each other's way.
      return waitMs === undefined ? ask() : this.#turns.take(key, ask);
    });
  }

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    return this.#session.call('renew', (open) =>
      this.#change(open, 'renew', key, this.#knownOf(key, leaseId), (place): Step<RenewResult> => {
        const held = place.holding(leaseId);
        const now = this.#now();
        if (held === undefined)
          return { write: false, answer: () => ({ renewed: false, ...refusal(place, leaseId), storageNow: now }) };
        const more = { news: this.#session.news.address };
        place.extend(
          held,
          now,
          leaseMs,
          update === undefined ? more : { ...more, holder: update.holder, token: update.fencingToken },
        );
        return {
          write: true,
          self: leaseId,
          answer: () => ({ renewed: true, expiresAt: now + leaseMs, storageNow: now }),
        };
      }),
    );
  }

  release(key: string, leaseId: string): Promise<ReleaseResult> {
    return this.#session.call('release', (open) =>
      this.#change(open, 'release', key, this.#knownOf(key, leaseId), (place): Step<ReleaseResult> => {
        const held = place.holding(leaseId);
        if (held === undefined)
          return { write: false, answer: () => ({ released: false, ...refusal(place, leaseId) }) };
        place.release(held, this.#now());
        place.handOver(key, this.#now());
        return { write: true, self: leaseId, answer: () => ({ released: true }) };
      }),
    );
  }

  leave(key: string, leaseId: string): Promise<void> {
    return this.#session.call('leave', (open) =>
      this.#turns.take(key, () =>
        this.#change(open, 'leave', key, undefined, (place): Step<void> => {
          const held = place.holding(leaseId);
          if (held === undefined && place.position(leaseId) === -1) return { write: false, answer: () => undefined };
          if (held === undefined) place.leave(leaseId);
          else place.release(held, this.#now());
          place.handOver(key, this.#now());
          return { write: true, self: leaseId, answer: () => undefined };
        }),
      ),
    );
  }

  forceRelease(key: string): Promise<LockRecord | undefined> {
    return this.#session.call('force release', (open) =>
      this.#change(open, 'force release', key, undefined, (place): Step<LockRecord | undefined> => {
        const [first] = place.holders;
        if (first === undefined) return { write: false, answer: () => undefined };
        place.force(this.#now());
        // An end that etcd has not brought about yet is remembered for as long as the lease was asked for.
        place.forced = place.forced.map((one) => ({ ...one, until: Math.min(one.until, this.#now() + 86_400_000) }));
        place.handOver(key, this.#now());
        return { write: true, answer: () => first.record };
      }),
    );
  }

  read(key: string): Promise<LockState> {
    return this.#session.call('read', async ({ records }) =>
      this.#state(records.placeOf(await records.look('read', key))),
    );
  }

  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<LockState & { readonly record: LockRecord }> {
    const keys = await this.#session.call('list', (open) => this.#keys(open, prefix));
    for (let start = 0; start < keys.length; start += pageLength) {
      const page = keys.slice(start, start + pageLength);
      const states = await this.#session.call('list', (open) =>
        Promise.all(page.map((key) => this.#stateOrNothing(open, key))),
      );
      for (const state of states) if (state?.record !== undefined) yield { ...state, record: state.record };
    }
  }

  watch(key: string, leaseId: string, tell: (news: LeaseNews) => void): () => void {
    return this.#session.isClosed ? () => undefined : this.#session.news.watchers.add(key, leaseId, tell);
  }

  examine(): Promise<readonly Finding[]> {
    const options = { deadline: Date.now() + this.#options.timeoutMs };
    return this.#session.call('examine', ({ client }) => examineCluster(client, options));
  }

  /** Closes the client that it made; one that was given stays open. */
  close(): Promise<void> {
    return this.#session.close();
  }

  #ask(request: AcquireRequest, place: Place): Step<AcquireResult> {
    const { key, leaseId, leaseMs, waitMs, holder, share, spareTokens: spare, tokenAbove: above } = request;
    const { news } = this.#session;
    const now = this.#now();
    const held = place.holding(leaseId);
    const position = place.position(leaseId);
    let ahead = position === -1 ? place.waiters.length : position;
    const answer = (view: View): AcquireResult => {
      const record = view.place.holding(leaseId)?.record;
      if (record !== undefined) return granted(record, view.place, record.expiresAt - leaseMs);
      const turns = view.place.turnsFor(leaseId);
      return { acquired: false, record: place.holders[0]?.record, ahead, ...turns, storageNow: this.#shownNow(place) };
    };
    if (held !== undefined) {
      place.extend(held, now, leaseMs, { news: news.address });
      return { write: true, self: leaseId, answer };
    }
    if (place.admits(request, position)) {
      place.grant({ key, leaseId, holder, share, spare, above }, now, leaseMs, news.address);
      return { write: true, self: leaseId, answer };
    }
    const isFull = position === -1 && place.waiters.length >= this.#options.maxWaiters;
    if (waitMs === undefined || isFull) return { write: false, answer };
    ahead = place.wait({ ...request, waitMs }, now, news.addressFor(key, leaseId));
    place.handOver(key, now);
    return { write: true, self: leaseId, waitMs, answer };
  }

  #change<T>(
    open: Open,
    operation: string,
    key: string,
    known: View | undefined,
    decide: (place: Place) => Step<T>,
  ): Promise<T> {
    return open.records.change(operation, key, known, decide, (view) => this.#remember(key, view));
  }

  #remember(key: string, view: View): void {
    const { known } = this.#session;
    known.delete(key);
    if (view.seq === 0) return;
    known.set(key, view);
    const [oldest] = known.keys();
    if (known.size > keptViews && oldest !== undefined) known.delete(oldest);
  }

  #knownOf(key: string, leaseId: string): View | undefined {
    const view = this.#session.known.get(key);
    return view?.place.holding(leaseId) === undefined ? undefined : view;
  }

  /**
   * The lock was handed to one who waits here. Its lease of etcd is given its time anew before anybody is told, so that
   * what is left of it is counted by this process's clock.
   */
  async #hear(message: Message): Promise<void> {
    const { key, leaseId } = message;
    const { news, open } = this.#session;
    if (message.type === 'forced') return news.watchers.tell(key, leaseId, { type: 'forced' });
    const { etcdLease: id, seconds, text, seq } = message;
    const place = parsePlace(key, text, { seq, stamp: undefined });
    const record = typeof place === 'string' ? undefined : place.holding(leaseId)?.record;
    const keptAt = performance.now();
    const lives = record !== undefined && (await open?.leases.keepAlive(id).catch(() => false)) === true;
    if (!lives || typeof place === 'string') return news.watchers.tell(key, leaseId, { type: 'ask' });
    const others = [
      ...place.holders.map((held) => held.record.leaseId),
      ...place.waiters.map((waiting) => waiting.leaseId),
    ];
    const assumed = others.map((other) => [other, { id: '', seconds: 0 }] as const);
    this.#remember(key, { seq, place, alive: new Map([...assumed, [leaseId, { id, seconds }]]) });
    const storageNow = record.acquiredAt + (performance.now() - keptAt);
    news.watchers.tell(key, leaseId, { type: 'granted', result: granted(record, place, storageNow) });
  }

  /** Never earlier than what it is shown with: other processes have written those times. */
  #shownNow(place: Place): number {
    const { releasedAt = 0, expiredAt = 0 } = place.previous ?? {};
    const begins = place.holders.map(({ record }) => record.acquiredAt);
    return Math.max(this.#now(), releasedAt, expiredAt, ...begins);
  }

  #state(place: Place): LockState {
    return place.state(this.#shownNow(place));
  }

  async #keys({ client }: Open, prefix: string): Promise<string[]> {
    const found: string[] = [];
    const { keys } = this.#session;
    let { key } = keys.records;
    for (;;) {
      const options = { deadline: Date.now() + this.#options.timeoutMs };
      const { kvs, more } = await client.kv.range(
        { ...keys.records, key, keys_only: true, limit: rangeLength },
        options,
      );
      for (const kv of kvs) found.push(...[keys.keyOf(kv.key)].filter((one) => one?.startsWith(prefix)).map(String));
      const last = kvs.at(-1);
      if (!more || last === undefined) return found.toSorted((a, b) => (a < b ? -1 : 1));
      key = Buffer.concat([last.key, Buffer.from([0])]);
    }
  }

  /** A record that is not one of Lockscope's is left out; who asks for the key is told of it. */
  async #stateOrNothing({ records }: Open, key: string): Promise<LockState | undefined> {
    try {
      return this.#state(records.placeOf(await records.look('list', key)));
    } catch (error) {
      if (error instanceof StorageError) return undefined;
      throw error;
    }
  }

  #now(): number {
    return Math.round(this.#clock.now());
  }
}

const pageLength = 64;
const rangeLength = 1000;
const keptViews = 10_000;

function granted(record: LockRecord, place: Place, storageNow: number): Granted {
  const { previous, waiters } = place;
  return { acquired: true, record, previous, waiting: waiters.length, ...place.turnsFor(record.leaseId), storageNow };
}

function refusal(place: Place, leaseId: string): { record: LockRecord | undefined; forced: boolean } {
  return { record: place.holders[0]?.record, forced: place.wasForced(leaseId) };
}
