import { ForeignRecordError, StorageError, type LockRecord } from '@lockscope/storage';
import type { Bucket } from './bucket.ts';
import { claimTolerance, formatPlace, parsePlace, Place, type Held } from '@lockscope/storage/revisioned';
import type { ServerTime } from './server-time.ts';

/** A place, and the revision at which it was so; 0 where there was none. */
export interface Look {
  readonly seq: number;
  readonly place: Place;
}

/** What an operation makes of a place. `write: false`: the answer needs no change. */
export interface Step<T> {
  readonly write: boolean;
  /** Called with what was stored, or with what was found where nothing is to be written. */
  readonly answer: (now: Look & Partial<Written>) => T;
}

/** What was stored, and who begins to have the lock with it. */
export interface Written extends Look {
  readonly begun: readonly { readonly leaseId: string; readonly news: string | undefined }[];
  readonly text: string;
  /** False when the server took long: then the times in `text` are not those that it gave. */
  readonly asClaimed: boolean;
}

/** A record may not be greater than this: the server takes messages of up to 1 MiB. */
const maxTextLength = 500_000;

/** Looks at records and changes them, revision by revision. */
export class Records {
  readonly #bucket: Bucket;
  readonly #time: ServerTime;
  readonly #retries: number;

  constructor(bucket: Bucket, time: ServerTime, retries: number) {
    this.#bucket = bucket;
    this.#time = time;
    this.#retries = retries;
  }

  async look(operation: string, key: string): Promise<Look> {
    const entry = await this.#bucket.get(key);
    if (entry === undefined) return { seq: 0, place: new Place() };
    const { seq, stamp, text } = entry;
    if (text === '') return { seq, place: new Place() };
    const place = parsePlace(key, text, { seq, stamp });
    if (typeof place === 'string') throw new ForeignRecordError('nats', operation, key, place);
    return { seq, place };
  }

  /**
   * Looks, decides, and writes; again when somebody else has written in between. `known` stands for the first look.
   * A lease is taken for over only when the server has stamped something later than its end after the look.
   */
  async change<T>(
    operation: string,
    key: string,
    known: Look | undefined,
    decide: (place: Place, now: number) => Step<T>,
    tellOthers: (written: Written, before: Look) => void,
  ): Promise<T> {
    let look = known ?? (await this.look(operation, key));
    for (let tries = 0; tries <= this.#retries; tries += 1) {
      const place = look.place.copy();
      const now = place.nextEnd > this.#time.latest() ? this.#time.now() : await this.#bucket.tick();
      place.pass(now);
      const { write, answer } = decide(place, now);
      if (!write && look !== known) return answer(look);
      if (!write) {
        // What was known is good enough to write on, and no answer.
        look = await this.look(operation, key);
        continue;
      }
      const written = await this.write(operation, key, look.seq, place);
      if (written !== undefined) {
        tellOthers(written, look);
        return answer(written);
      }
      if (tries > 0) await pause(tries);
      look = await this.look(operation, key);
    }
    const problem = `others changed the record of ${JSON.stringify(key)} ${this.#retries + 1} times in a row before it could be written`;
    throw new StorageError('nats', operation, problem);
  }

  /** Stores a place as the revision that follows `seq`. Undefined when somebody else came first. */
  async write(operation: string, key: string, seq: number, place: Place): Promise<Written | undefined> {
    const text = textOf(place, this.#bucket.base);
    const sentAt = performance.now();
    const stored = await this.#bucket.put(key, seq, text);
    if (stored === undefined) return undefined;
    const fresh = place.holders.filter((held) => held.fresh !== undefined);
    const begun = fresh.flatMap(({ record, news, fresh: lease }) =>
      lease?.token === undefined ? [] : { leaseId: record.leaseId, news },
    );
    if (!this.#isAsClaimed(fresh, sentAt)) {
      // The server's stamp is what counts, and it is not known: look it up.
      return { ...(await this.look(operation, key)), begun, text, asClaimed: false };
    }
    const known = parsePlace(key, text, { seq: stored, stamp: undefined });
    if (typeof known === 'string') throw new Error(`what was written cannot be read: ${known}`);
    return { seq: stored, place: known, begun, text, asClaimed: true };
  }

  /** Whether the server must have stored these leases at a time that is near enough to the one that was written. */
  #isAsClaimed(fresh: readonly Held[], sentAt: number): boolean {
    const [earliest, latest] = [this.#time.earliest(sentAt), this.#time.latest()];
    return fresh.every(({ fresh: lease }) => {
      if (lease === undefined) return true;
      const near = latest - lease.from <= claimTolerance.early && lease.from - earliest <= claimTolerance.late;
      return near && (lease.by === undefined || latest <= lease.by);
    });
  }
}

/** Those who wait behind others are left out when the text would get too long. */
function textOf(place: Place, base: number): string {
  const text = formatPlace(place, base);
  if (text.length <= maxTextLength) return text;
  place.waiters = place.waiters.map((waiting) => ({ ...waiting, behind: undefined }));
  return formatPlace(place, base);
}

/** Up to 16 ms, spread over all of it: who tries again at the same moment meets again. */
function pause(tries: number): Promise<void> {
  const longest = Math.min(16, 2 ** (tries - 1));
  return new Promise((resolve) => {
    setTimeout(resolve, Math.random() * longest);
  });
}

/** The record of a lease in a place, when it is there. */
export function recordOf(place: Place, leaseId: string): LockRecord | undefined {
  return place.holding(leaseId)?.record;
}
