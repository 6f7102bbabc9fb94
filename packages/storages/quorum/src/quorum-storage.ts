import {
  StorageClosedError,
  StorageError,
  type AcquireRequest,
  type AcquireResult,
  type Finding,
  type Granted,
  type LeaseUpdate,
  type ListOptions,
  type LockRecord,
  type LockState,
  type LockStorage,
  type ReleaseResult,
  type RenewRequest,
  type RenewResult,
  type StorageCapabilities,
} from '@lockscope/storage';
import { lastOf, mostNamed, smallest, tokensOf, type Entry } from './agreement.ts';
import type { Ballot } from './ballot.ts';
import { capabilitiesOf } from './capabilities.ts';
import { examineVoters } from './examination.ts';
import { Lanes } from './lanes.ts';
import type { ResolvedOptions } from './quorum-options.ts';
import { agreeing, grantsOf, hear, laneOf, refusals, type Grant } from './readings.ts';
import type { Voter } from './voter.ts';
import { Recent } from './recent.ts';
import { Voting } from './voting.ts';

/** What a storage that counts whole milliseconds can be off by. */
const roundingMs = 2;
const maxReleased = 10_000;

/** @internal A lock storage in which a majority of others decides. See `quorum`. */
export class QuorumStorage implements LockStorage {
  readonly name = 'quorum';
  readonly capabilities: StorageCapabilities;
  readonly #voting: Voting;
  readonly #driftFactor: number;
  /** Attempts of one lease, one after the other: what one takes back must not be what the next was given. */
  readonly #attempts = new Lanes();
  /** Leases whose votes nobody may win back any more. */
  readonly #released = new Recent(maxReleased);
  /** The greatest token that this object has seen. */
  #greatestToken = 0;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedOptions) {
    this.capabilities = capabilitiesOf(options.voters);
    this.#voting = new Voting(this.name, options);
    this.#driftFactor = options.driftFactor;
  }

  acquire(request: AcquireRequest): Promise<AcquireResult> {
    if (this.#closing !== undefined) return this.#refuse('acquire');
    if (request.share !== undefined)
      return Promise.reject(new StorageError(this.name, 'acquire', 'it has no locks that several can share'));
    return this.#attempts.run(laneOf(request.key, request.leaseId), () => this.#acquire(request));
  }

  async renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    if (this.#closing !== undefined) return this.#refuse('renew');
    const { clock, majority, spare } = this.#voting;
    this.#greatestToken = Math.max(this.#greatestToken, update?.fencingToken ?? 0);
    const startedAt = clock.now();
    const nodeLeaseMs = this.#onNodes(leaseMs);
    const lane = laneOf(key, leaseId);
    const winBack = ({ yes }: Ballot<RenewResult>, voter: Voter, value: RenewResult): void => {
      const [trusted] = yes;
      if (yes.length < majority || trusted === undefined) return;
      if (value.renewed || value.record !== undefined || value.forced === true) return;
      this.#winBack(voter, trusted.voter, { key, leaseId, leaseMs: nodeLeaseMs });
    };
    const ballot = await this.#voting.change<RenewResult>({
      lane,
      call: (storage) => storage.renew(key, leaseId, nodeLeaseMs, update),
      onLate: winBack,
      isYes: ({ renewed }) => renewed,
      isDecided: ({ yes, no, errors }) => yes.length >= majority || no.length > spare || errors.length > spare,
    });
    hear(ballot);
    const { yes, no, votes } = ballot;
    if (yes.length >= majority) {
      for (const { voter, value } of no) winBack(ballot, voter, value);
      return { renewed: true, expiresAt: startedAt + leaseMs, storageNow: clock.now(), votes };
    }
    if (no.length <= spare) throw this.#voting.undecided('renew', ballot);
    const forced = no.some(({ value }) => !value.renewed && value.forced === true);
    return { renewed: false, record: this.#voting.blocker(refusals(no)), forced, storageNow: clock.now(), votes };
  }

  async release(key: string, leaseId: string): Promise<ReleaseResult> {
    if (this.#closing !== undefined) return this.#refuse('release');
    const { majority, spare } = this.#voting;
    const lane = laneOf(key, leaseId);
    this.#released.add(lane);
    const ballot = await this.#voting.change<ReleaseResult>({
      lane,
      call: (storage) => storage.release(key, leaseId),
      isYes: ({ released }) => released,
      isDecided: ({ yes, no }) => yes.length >= majority || no.length > spare,
      always: true,
    });
    const { no, failed, votes } = ballot;
    if (no.length > spare) {
      const forced = no.some(({ value }) => value.forced === true);
      return { released: false, record: this.#voting.blocker(no), forced, votes };
    }
    if (failed > spare) throw this.#voting.undecided('release', ballot);
    return { released: true, votes };
  }

  async forceRelease(key: string): Promise<LockRecord | undefined> {
    if (this.#closing !== undefined) return this.#refuse('force release');
    const ballot = await this.#voting.look(
      (storage) => storage.forceRelease(key),
      () => false,
    );
    if (ballot.failed > this.#voting.spare) throw this.#voting.undecided('force release', ballot);
    const entries = ballot.values.map(({ voter, value }) => ({ voter, record: value }));
    return this.#voting.holder(entries, ballot.failed);
  }

  async read(key: string): Promise<LockState> {
    if (this.#closing !== undefined) return this.#refuse('read');
    const { clock, majority, spare } = this.#voting;
    const ballot = await this.#voting.look(
      (storage) => storage.read(key),
      ({ values, errors }) => agreeing(values.map(({ value }) => value)) >= majority || errors.length > spare,
    );
    if (ballot.failed > spare) throw this.#voting.undecided('read', ballot);
    hear(ballot);
    const entries = ballot.values.map(({ voter, value }) => ({ voter, record: value.record }));
    return { record: this.#voting.holder(entries, ballot.failed), waiters: [], storageNow: clock.now() };
  }

  /** Gathers the locks of all storages first, so that their orders do not matter. */
  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<LockState & { readonly record: LockRecord }> {
    if (this.#closing !== undefined) await this.#refuse('list');
    const ballot = await this.#voting.lists(prefix);
    if (ballot.failed > this.#voting.spare) throw this.#voting.undecided('list', ballot);
    const entries = new Map<string, Entry[]>();
    for (const { voter, value } of ballot.values) {
      for (const record of value) {
        const others = entries.get(record.key);
        if (others === undefined) entries.set(record.key, [{ voter, record }]);
        else others.push({ voter, record });
      }
    }
    for (const key of [...entries.keys()].toSorted()) {
      const record = this.#voting.holder(entries.get(key) ?? [], ballot.failed);
      if (record !== undefined) yield { record, waiters: [], storageNow: this.#voting.clock.now() };
    }
  }

  /** Says what is unsafe about the number and the memory of the storages, and what each says of itself. */
  examine(): Promise<readonly Finding[]> {
    if (this.#closing !== undefined) return this.#refuse('examine');
    const { voters, clock, timeoutMs } = this.#voting;
    return examineVoters(voters, clock, timeoutMs);
  }

  /** Lets what is under way end first, for as long as a storage may take to answer. The storages stay open. */
  close(): Promise<void> {
    return (this.#closing ??= this.#voting.settled());
  }

  async #acquire(request: AcquireRequest): Promise<AcquireResult> {
    const { key, leaseId, holder, spareTokens = 0, tokenAbove = 0 } = request;
    const { clock, majority, spare } = this.#voting;
    const startedAt = clock.now();
    const question: AcquireRequest = {
      key,
      leaseId,
      leaseMs: this.#onNodes(request.leaseMs),
      holder,
      // Time is in the tokens, so that storages that count differently agree at once, and one that forgot what it gave
      // does not go back.
      tokenAbove: Math.max(this.#greatestToken, tokenAbove, Math.floor(startedAt) - 1),
      ...(spareTokens > 0 && { spareTokens }),
    };
    const ballot = await this.#voting.change<AcquireResult>({
      lane: laneOf(key, leaseId),
      call: (storage) => storage.acquire(question),
      isYes: ({ acquired }) => acquired,
      isDecided: ({ yes, no, errors }) => yes.length >= majority || no.length > spare || errors.length > spare,
    });
    hear(ballot);
    const granted = grantsOf(ballot);
    if (granted.length < majority) return this.#lost(ballot, request);
    const token = smallest(tokensOf(granted.map(({ result }) => result.record)), majority);
    this.#greatestToken = Math.max(this.#greatestToken, token + spareTokens);
    await this.#raise(granted, token, question);
    return this.#won(request, ballot, granted, token, startedAt);
  }

  /** A majority has to know the token that is given, so that every later majority goes on from it. */
  async #raise(granted: readonly Grant[], token: number, request: AcquireRequest): Promise<void> {
    const { key, leaseId, leaseMs, holder, spareTokens = 0 } = request;
    const low = granted.filter(({ result }) => result.record.fencingToken < token).map(({ voter }) => voter);
    const missing = this.#voting.majority - (granted.length - low.length);
    if (missing <= 0) return;
    const update = { holder, fencingToken: token + spareTokens };
    const ballot = await this.#voting.change<RenewResult>({
      lane: laneOf(key, leaseId),
      voters: low,
      call: (storage) => storage.renew(key, leaseId, leaseMs, update),
      isYes: ({ renewed }) => renewed,
      isDecided: ({ yes, pending }) => yes.length >= missing || yes.length + pending < missing,
    });
    if (ballot.yes.length >= missing) return;
    this.#takeBack(this.#voting.voters, request);
    throw this.#voting.undecided('acquire', ballot, 'too few storages took over the greatest token');
  }

  #won(
    request: AcquireRequest,
    ballot: Ballot<AcquireResult>,
    granted: readonly Grant[],
    fencingToken: number,
    startedAt: number,
  ): Granted {
    const storageNow = this.#voting.clock.now();
    const expiresAt = startedAt + request.leaseMs;
    if (storageNow >= expiresAt) {
      this.#takeBack(this.#voting.voters, request);
      const tookMs = Math.round(storageNow - startedAt);
      throw this.#voting.undecided('acquire', ballot, `it took ${tookMs} ms, longer than the lease`);
    }
    const entries = granted.map(({ voter, result }) => ({ voter, record: result.record }));
    const { key, leaseId, holder } = request;
    const named = mostNamed(entries, this.#voting.majority)?.record;
    const acquiredAt = named?.acquiredAt ?? startedAt;
    const record = Object.freeze({
      key,
      leaseId,
      holder: named?.holder ?? holder,
      fencingToken,
      acquiredAt,
      expiresAt,
    });
    const previous = lastOf(
      granted.map(({ voter, result }) => result.previous && voter.localPredecessor(result.previous)),
    );
    return { acquired: true, record, previous, storageNow, votes: ballot.votes };
  }

  /** Takes back what was given, or may have been. */
  #lost(ballot: Ballot<AcquireResult>, request: AcquireRequest): AcquireResult {
    this.#takeBack(ballot.perhaps, request);
    const { yes, no } = ballot;
    const { majority, spare } = this.#voting;
    // Refusals that leave no majority are contention, whatever became of the others.
    const refused = no.length > spare || yes.length + no.length >= majority;
    if (!refused) throw this.#voting.undecided('acquire', ballot);
    const record = this.#voting.blocker(refusals(no));
    return { acquired: false, record, ahead: undefined, storageNow: this.#voting.clock.now(), votes: ballot.votes };
  }

  /** Nobody waits for it: what cannot be reached ends with its lease. */
  #takeBack(voters: readonly Voter[], { key, leaseId }: AcquireRequest): void {
    for (const voter of voters) voter.takeBack(laneOf(key, leaseId), (storage) => storage.release(key, leaseId));
  }

  /**
   * A majority renewed it, and for this one nobody has it: it came back empty, or was late once. It is asked for its
   * vote again, so that a holder outlives storages that go and come back one after the other.
   */
  #winBack(voter: Voter, trusted: Voter, { key, leaseId, leaseMs }: RenewRequest): void {
    const lane = laneOf(key, leaseId);
    const ask = async (storage: LockStorage): Promise<void> => {
      const { record } = await trusted.look((other) => other.read(key));
      if (record?.leaseId !== leaseId || this.#released.has(lane)) return;
      const { holder, fencingToken } = record;
      await storage.acquire({ key, leaseId, leaseMs, holder, tokenAbove: fencingToken - 1 });
    };
    voter.change(lane, ask).catch(() => undefined);
  }

  /** The lease that storages keep for a holder that counts on `leaseMs` from when it asked. */
  #onNodes(leaseMs: number): number {
    return this.#driftFactor === 0 ? leaseMs : Math.ceil(leaseMs * (1 + this.#driftFactor)) + roundingMs;
  }

  #refuse(operation: string): Promise<never> {
    return Promise.reject(new StorageClosedError(this.name, operation));
  }
}
