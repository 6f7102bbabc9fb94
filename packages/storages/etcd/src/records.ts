import { ForeignRecordError, StorageError } from '@lockscope/storage';
import { EtcdLeaseInvalidError, type Etcd3, type IKeyValue, type IRequestOp, type IResponseOp } from 'etcd3';
import type { Keys } from './keys.ts';
import { secondsOf, type EtcdLease, type Leases } from './leases.ts';
import { formatPlace, parsePlace, Place, tokensPerRevision } from '@lockscope/storage/revisioned';
import { gone, newsOf, tidyUp, type Alive, type View } from './requests.ts';

/** What an operation makes of a place. `write: false`: the answer needs no change. */
export interface Step<T> {
  readonly write: boolean;
  /** Who asks: nothing is written when it has meanwhile died. */
  readonly self?: string;
  /** Who asks waits, and is forgotten so many milliseconds later. */
  readonly waitMs?: number;
  readonly answer: (now: View) => T;
}

export const emptyView: View = Object.freeze({ seq: 0, place: new Place(), alive: new Map<string, Alive>() });

/** An end that has not come, and one that has, for a {@link Place}: whether it has come is etcd's to say. */
const notYet = Number.MAX_SAFE_INTEGER;
const over = 0;
/** A record may not be greater than this: the server takes requests of up to 1.5 MiB. */
const maxTextLength = 500_000;

/** What has to hang on leases of etcd when a place is written. */
interface Lives {
  /** New or other leases, by whom they are for. */
  readonly taken: Map<string, EtcdLease>;
  /** Leases that go on. */
  readonly kept: Map<string, Alive>;
}

/** Looks at records and changes them, each in one transaction. */
export class Records {
  readonly #client: Etcd3;
  readonly #keys: Keys;
  readonly #leases: Leases;
  readonly #retries: number;
  readonly #timeoutMs: number;
  readonly #base: number;
  readonly #now: () => number;

  constructor(parts: {
    client: Etcd3;
    keys: Keys;
    leases: Leases;
    retries: number;
    timeoutMs: number;
    base: number;
    now: () => number;
  }) {
    this.#client = parts.client;
    this.#keys = parts.keys;
    this.#leases = parts.leases;
    this.#retries = parts.retries;
    this.#timeoutMs = parts.timeoutMs;
    this.#base = parts.base;
    this.#now = parts.now;
  }

  async look(operation: string, key: string): Promise<View> {
    const { responses } = await this.#client.kv.txn({ success: this.#questions(key) }, this.#options());
    return this.#viewOf(operation, key, responses);
  }

  /** Without those whose life is over: etcd says who they are. */
  placeOf({ place, alive }: View): Place {
    const copy = place.copy();
    const endOf = (leaseId: string): number => (alive.has(leaseId) ? notYet : over);
    copy.holders = copy.holders.map((held) => ({ ...held, end: endOf(held.record.leaseId) }));
    copy.waiters = copy.waiters.map((waiting) => ({ ...waiting, goneAt: endOf(waiting.leaseId) }));
    const { forced } = copy;
    copy.pass(1);
    copy.forced = forced.filter(({ until }) => until > this.#now());
    return copy;
  }

  /** Looks, decides, and writes; again when somebody else has written in between. `known` stands for the first look. */
  async change<T>(
    operation: string,
    key: string,
    known: View | undefined,
    decide: (place: Place) => Step<T>,
    stored: (now: View) => void,
  ): Promise<T> {
    let view = known ?? (await this.look(operation, key));
    for (let tries = 0; tries <= this.#retries; tries += 1) {
      const place = this.placeOf(view);
      const step = decide(place);
      if (!step.write && view !== known) return step.answer(view);
      if (step.write) {
        const outcome = await this.#write(operation, key, view, place, step);
        if (outcome.written) {
          stored(outcome.view);
          return step.answer(outcome.view);
        }
        view = outcome.view;
        if (tries > 0) await pause(tries);
      } else {
        // What was known is good enough to write on, and no answer.
        view = await this.look(operation, key);
      }
    }
    const problem = `others changed the record of ${JSON.stringify(key)} ${this.#retries + 1} times in a row before it could be written`;
    throw new StorageError('etcd', operation, problem);
  }

  async #write(
    operation: string,
    key: string,
    before: View,
    place: Place,
    step: Step<unknown>,
  ): Promise<{ written: boolean; view: View }> {
    const keys = this.#keys;
    const { taken, kept } = await this.#livesFor(before, place, step);
    const text = textOf(place, this.#base);
    const unused = place.isUnused && place.floor < this.#base + (before.seq + 1) * tokensPerRevision;
    const record = keys.record(key);
    const success: IRequestOp[] = [
      unused ? { request_delete_range: { key: record } } : { request_put: { key: record, value: Buffer.from(text) } },
    ];
    for (const [leaseId, { id, seconds }] of taken)
      success.push({ request_put: { key: keys.alive(key, leaseId), value: Buffer.from(String(seconds)), lease: id } });
    success.push(
      ...newsOf({ keys, key, before, place, self: step.self, taken, text }),
      ...tidyUp({ keys, key, before, place }),
    );
    const mustLive = [...taken.keys(), ...kept.keys(), ...(step.self === undefined ? [] : [step.self])].filter(
      (leaseId) => before.alive.has(leaseId),
    );
    const compare = [
      { key: record, target: 'Mod', result: 'Equal', mod_revision: before.seq } as const,
      ...[...new Set(mustLive)].map(
        (leaseId) => ({ key: keys.alive(key, leaseId), target: 'Version', result: 'Greater', version: 0 }) as const,
      ),
    ];
    const ready = [
      ...[...taken.values()].map((lease) => lease.ready),
      ...[...kept.values()].map(({ id }) => this.#leases.keepAlive(id)),
    ];
    try {
      const [answer, ...sure] = await Promise.all([
        this.#client.kv.txn({ compare, success, failure: this.#questions(key) }, this.#options()),
        ...ready,
      ]);
      if (!answer.succeeded) {
        for (const lease of taken.values()) this.#leases.give(lease);
        return { written: false, view: await this.#viewOf(operation, key, answer.responses) };
      }
      if (sure.includes(false)) return { written: false, view: await this.look(operation, key) };
      this.#giveBack(before, place, taken);
      return {
        written: true,
        view: this.#written(key, Number(answer.header.revision), unused ? undefined : text, before, taken),
      };
    } catch (error) {
      if (!(error instanceof EtcdLeaseInvalidError)) throw error;
      // One that was kept for the next use has run out: nothing was written.
      return { written: false, view: await this.look(operation, key) };
    }
  }

  /** Who begins to have the lock or to wait needs a lease of etcd, and who goes on needs it kept alive. */
  async #livesFor(before: View, place: Place, { self, waitMs }: Step<unknown>): Promise<Lives> {
    const kept = new Map<string, Alive>();
    const wanted = new Map<string, number>();
    for (const { record, fresh } of place.holders) if (fresh !== undefined) wanted.set(record.leaseId, fresh.leaseMs);
    if (self !== undefined && waitMs !== undefined && place.position(self) !== -1) wanted.set(self, waitMs);
    const taken = new Map<string, EtcdLease>();
    for (const [leaseId, ms] of wanted) {
      const known = before.alive.get(leaseId);
      if (leaseId === self && known !== undefined && known.seconds === secondsOf(ms)) kept.set(leaseId, known);
      else taken.set(leaseId, await this.#leases.take(ms));
    }
    return { taken, kept };
  }

  /** Leases on which nothing hangs any more. What a holder was forced to give up has news hanging on its lease. */
  #giveBack(before: View, place: Place, taken: ReadonlyMap<string, EtcdLease>): void {
    const free = gone(before, place).flatMap(({ leaseId }) => (place.wasForced(leaseId) ? [] : leaseId));
    for (const leaseId of [...free, ...taken.keys()]) {
      const lease = before.alive.get(leaseId);
      if (lease !== undefined && lease.id !== '') this.#leases.give(lease);
    }
  }

  #written(
    key: string,
    seq: number,
    text: string | undefined,
    before: View,
    taken: ReadonlyMap<string, EtcdLease>,
  ): View {
    if (text === undefined) return emptyView;
    const place = parsePlace(key, text, { seq, stamp: undefined });
    if (typeof place === 'string') throw new Error(`what was written cannot be read: ${place}`);
    return { seq, place, alive: new Map([...before.alive, ...taken]) };
  }

  #questions(key: string): IRequestOp[] {
    return [{ request_range: { key: this.#keys.record(key) } }, { request_range: this.#keys.allAlive(key) }];
  }

  async #viewOf(operation: string, key: string, [record, living]: readonly IResponseOp[]): Promise<View> {
    const alive = new Map(
      (living?.response_range.kvs ?? []).map((kv) => [this.#keys.leaseIdOf(key, kv.key), aliveOf(kv)]),
    );
    const found = record?.response_range.kvs[0];
    if (found === undefined) return emptyView;
    const seq = Number(found.mod_revision);
    const place = parsePlace(key, found.value.toString('utf8'), { seq, stamp: undefined });
    if (typeof place === 'string') throw new ForeignRecordError('etcd', operation, key, place);
    return { seq, place, alive };
  }

  #options(): { deadline: number } {
    return { deadline: Date.now() + this.#timeoutMs };
  }
}

function aliveOf({ lease, value }: IKeyValue): Alive {
  return { id: lease, seconds: Number(value.toString('utf8')) || 0 };
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
