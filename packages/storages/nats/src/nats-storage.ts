import {
  StorageClosedError,
  StorageError,
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
import { Bucket, BucketReplacedError } from './bucket.ts';
import { examineBucket } from './examine.ts';
import { describeFailure, isNobodyThere } from './failure.ts';
import { Link, LinkDownError } from './link.ts';
import { Leftovers } from './leftovers.ts';
import { parsePlace } from './lock-text.ts';
import { checkNatsOptions, type CheckedNatsOptions, type NatsStorageOptions } from './nats-options.ts';
import { News, type Message } from './news.ts';
import { Place } from './place.ts';
import { Records, recordOf, type Look, type Step, type Written } from './records.ts';
import { ServerTime } from './server-time.ts';
import { Turns } from './turns.ts';
import { KnownLooks } from './known-looks.ts';

/** What an operation works with once the bucket is open. */
interface Open {
  readonly link: Link;
  readonly bucket: Bucket;
  readonly records: Records;
  readonly leftovers: Leftovers;
}

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
  readonly #time = new ServerTime(() => performance.now());
  readonly #news: News;
  readonly #known = new KnownLooks();
  readonly #turns = new Turns();
  #link: Link | undefined;
  #opening: Promise<Open> | undefined;
  #open: Open | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: NatsStorageOptions = {}) {
    this.#options = checkNatsOptions(options);
    const durable = this.#options.store === 'file';
    this.capabilities = Object.freeze({ reach: 'network', durable, notifies: true, queues: true, shares: true });
    this.#news = new News(this.#options.bucket, (message) => this.#hear(message));
  }

  acquire(request: AcquireRequest): Promise<AcquireResult> {
    const { key, leaseId, leaseMs, waitMs } = request;
    return this.#call('acquire', async (open) => {
      // Only an attempt that writes may start from an older look: the write fails when it was too old.
      const known = this.#known.exact(key) ?? nothing;
      if (known.place.isUnused) {
        const place = known.place.copy();
        place.grant(granteeOf(request), this.#time.now(), leaseMs, this.#news.address);
        const written = await open.records.write('acquire', key, known.seq, place);
        if (written !== undefined) {
          this.#stored(open, key, written);
          const record = recordOf(written.place, leaseId);
          if (record !== undefined) return this.#granted(record, written);
        }
      }
      const ask = (first?: Look): Promise<AcquireResult> =>
        this.#change(open, 'acquire', key, first, leaseId, (place, now) => this.#ask(request, place, now));
      // Attempts of one process that wait for one key do not get into each other's way.
      return waitMs === undefined ? ask() : this.#turns.take(key, () => ask(this.#known.exact(key)));
    });
  }

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    return this.#call('renew', (open) =>
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
    return this.#call('release', (open) =>
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
    return this.#call('leave', (open) =>
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
    return this.#call('force release', async (open) => {
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
    return this.#call('read', async (open) => this.#state(await open.records.look('read', key)));
  }

  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<LockState & { readonly record: LockRecord }> {
    const keys = await this.#call('list', ({ bucket }) => bucket.keys(prefix));
    for (let start = 0; start < keys.length; start += pageLength) {
      const page = keys.slice(start, start + pageLength);
      const states = await this.#call('list', (open) =>
        Promise.all(page.map((key) => this.#stateOrNothing(open, key))),
      );
      for (const state of states) if (state?.record !== undefined) yield { ...state, record: state.record };
    }
  }

  watch(key: string, leaseId: string, tell: (news: LeaseNews) => void): () => void {
    return this.#closing === undefined ? this.#news.watch(key, leaseId, tell) : () => undefined;
  }

  examine(): Promise<readonly Finding[]> {
    return this.#call('examine', async ({ bucket, link }) => {
      await bucket.tick();
      return examineBucket(bucket, link.connection.info?.version, this.#options.store, this.#time.now() - Date.now());
    });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end());
  }

  async #end(): Promise<void> {
    this.#news.close();
    await this.#opening?.catch(() => undefined);
    await this.#open?.leftovers.flush();
    this.#open = undefined;
    await this.#link?.close();
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
      if (record !== undefined) return this.#granted(record, look);
      return { acquired: false, record: place.holders[0]?.record, ahead, storageNow: Math.max(now, this.#time.now()) };
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

  #granted(record: LockRecord, { place }: Look): Granted {
    const storageNow = Math.max(record.acquiredAt, this.#time.now());
    return { acquired: true, record, previous: place.previous, waiting: place.waiters.length, storageNow };
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
      this.#tellOthers(open.link, key, leaseId, written, before);
    });
  }

  #stored({ bucket, leftovers }: Open, key: string, { seq, place }: Look): void {
    this.#known.set(key, { seq, place });
    if (place.isUnused && place.floor < bucket.tokenOf(seq + 1)) leftovers.add(key, seq);
    else leftovers.delete(key);
  }

  /** Whoever got the lock with this revision, and whoever has it and would start from an older one. */
  #tellOthers(
    link: Link,
    key: string,
    self: string | undefined,
    { seq, text, begun, asClaimed }: Written,
    before: Look,
  ): void {
    for (const { leaseId, news } of begun) {
      if (news === undefined || leaseId === self) continue;
      const message: Message = asClaimed ? { type: 'granted', key, leaseId, seq, text } : { type: 'ask', key, leaseId };
      this.#news.send(link, news, message);
    }
    const others = new Set(
      before.place.holders.filter(({ record }) => record.leaseId !== self).map(({ news }) => news),
    );
    others.delete(this.#news.address);
    for (const news of others) if (news !== undefined) this.#news.send(link, news, { type: 'changed', key, seq });
  }

  #hear(message: Message): void {
    const { key } = message;
    if (message.type === 'changed') return this.#lookAgain(key, message.seq);
    const { leaseId } = message;
    if (message.type !== 'granted') return this.#news.tell(key, leaseId, { type: message.type });
    const { seq, text } = message;
    const place = parsePlace(key, text, { seq, stamp: undefined });
    const record = typeof place === 'string' ? undefined : recordOf(place, leaseId);
    const isStale = this.#time.isStale || record === undefined || this.#time.latest() >= record.expiresAt;
    if (isStale || typeof place === 'string') return this.#news.tell(key, leaseId, { type: 'ask' });
    this.#known.set(key, { seq, place });
    this.#news.tell(key, leaseId, { type: 'granted', result: this.#granted(record, { seq, place }) });
  }

  /** Somebody joined the line of a lock that is held here: its release will have to start from there. */
  #lookAgain(key: string, seq: number): void {
    const open = this.#open;
    if (open === undefined || this.#known.isAsNew(key, seq)) return;
    void this.#known.refresh(key, () => open.records.look('read', key));
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

  async #call<T>(operation: string, work: (open: Open) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new StorageClosedError(this.name, operation);
    try {
      const open = this.#open ?? (await this.#opened());
      if (this.#time.isStale) await open.bucket.tick();
      return await work(open);
    } catch (error) {
      if (this.#closing !== undefined) throw new StorageClosedError(this.name, operation);
      if (error instanceof StorageError) throw error;
      if (error instanceof BucketReplacedError || isNobodyThere(error)) this.#forget();
      throw new StorageError(this.name, operation, describeFailure(error, this.#options.timeoutMs), { cause: error });
    }
  }

  #opened(): Promise<Open> {
    this.#opening ??= this.#openNow().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #openNow(): Promise<Open> {
    const options = this.#options;
    const link = this.#link ?? (await Link.open(options, () => this.#news.tellAllToAsk()));
    if (link.isClosed) throw new LinkDownError('the connection was closed');
    this.#link = link;
    const bucket = await Bucket.open(link, options, this.#time);
    await bucket.tick();
    if (this.#closing === undefined) this.#news.use(link);
    const records = new Records(bucket, this.#time, options.conflictRetries);
    const leftovers = new Leftovers((key, seq) => {
      this.#known.forget(key, seq);
      return bucket.remove(key, seq);
    });
    return (this.#open = { link, bucket, records, leftovers });
  }

  /** The stream is gone: the next operation looks for it, or makes it. */
  #forget(): void {
    this.#open = undefined;
    this.#known.clear();
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
