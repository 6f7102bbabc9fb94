import { MemoryStorage, monotoneClock, type Clock, type LockStorage } from '@lockscope/storage';
import { FakeClock } from '@lockscope/testkit';
import { quorum } from '../src/index.ts';
import { Wire, type Fate } from './wire.ts';

/** What one run of the model is about. */
export interface Plan {
  readonly nodes: number;
  readonly clients: number;
  readonly steps: number;
  readonly seed: number;
  /** How many questions and answers get lost, as a part of one. */
  readonly lost: number;
  /** The longest way there or back, in milliseconds. */
  readonly slow: number;
  readonly spareTokens: number;
  /** Whether storages lose their memory now and then. */
  readonly forgets: boolean;
  /** Whether clocks differ, and run at different speeds. */
  readonly apart: boolean;
}

interface Client {
  readonly clock: Clock;
  readonly storage: LockStorage;
  /** Has the lock until then, by its own clock. */
  until: number;
  leaseId: string;
}

const key = 'a';
const leaseMs = 1000;

/** Processes that take turns in holding one lock, and somebody who watches from outside of all clocks. */
export class World {
  readonly problems: string[] = [];
  possessions = 0;
  readonly #plan: Plan;
  readonly #random: () => number;
  readonly #time = new FakeClock();
  readonly #wires: Wire[];
  readonly #clients: Client[];
  #greatest = 0;
  #leases = 0;
  #over = false;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#random = randomOf(plan.seed);
    this.#wires = Array.from({ length: plan.nodes }, () => {
      const clock = this.#clock();
      return new Wire(
        () => new MemoryStorage({ clock }),
        this.#time,
        () => this.#fate(),
      );
    });
    this.#clients = Array.from({ length: plan.clients }, () => {
      const clock = this.#clock();
      return { clock, storage: quorum(this.#wires, { clock, nodeTimeoutMs: 100 }), until: 0, leaseId: '' };
    });
  }

  async run(): Promise<void> {
    const lives = this.#clients.map((client) => this.#live(client));
    void Promise.all(lives).then(() => (this.#over = true));
    for (let slice = 0; !this.#over; slice += 1) {
      if (slice === 20_000) throw new Error('a call never ended');
      if (this.#plan.forgets && this.#chance(0.01)) await this.#forget();
      await this.#time.advance(10);
    }
  }

  async #live(client: Client): Promise<void> {
    const { storage, clock } = client;
    for (let step = 0; step < this.#plan.steps; step += 1) {
      await this.#sleep(this.#random() * 80);
      if (client.until > clock.now()) {
        if (this.#chance(0.3)) await this.#renew(client);
        else if (this.#chance(0.8)) await this.#release(client);
        else this.#drop(client);
        continue;
      }
      if (client.until > 0) this.#drop(client);
      // The same lease asks again, as one that waits does, or a new one.
      if (client.leaseId === '' || this.#chance(0.3)) client.leaseId = `lease ${(this.#leases += 1)}`;
      const { leaseId } = client;
      const { spareTokens } = this.#plan;
      const holder = { ownerId: leaseId };
      const result = await storage.acquire({ key, leaseId, leaseMs, holder, spareTokens }).catch(() => undefined);
      if (result?.acquired === true) this.#granted(client, result.record.expiresAt, result.record.fencingToken);
    }
  }

  #granted(client: Client, until: number, token: number): void {
    this.possessions += 1;
    const other = this.#clients.find((one) => one !== client && one.until > one.clock.now());
    if (other !== undefined) this.problems.push(`${client.leaseId} has it while ${other.leaseId} has it`);
    // Who never heard of a token, and who forgot it, can only go by the time that it is.
    const goByTime = this.#plan.forgets && this.#plan.apart;
    if (token <= this.#greatest && !goByTime) this.problems.push(`token ${token} after ${this.#greatest}`);
    this.#greatest = token + this.#plan.spareTokens;
    client.until = until;
  }

  async #renew(client: Client): Promise<void> {
    const result = await client.storage.renew(key, client.leaseId, leaseMs).catch(() => undefined);
    if (result === undefined || client.until <= client.clock.now()) return;
    if (result.renewed) client.until = Math.max(client.until, result.expiresAt);
    else this.#drop(client);
  }

  /** As when its process dies, or its lease is over. */
  #drop(client: Client): void {
    client.until = 0;
    client.leaseId = '';
  }

  async #release(client: Client): Promise<void> {
    const { leaseId } = client;
    this.#drop(client);
    await client.storage.release(key, leaseId).catch(() => undefined);
  }

  /** One that lost its memory stays away until every lease that it gave is over. */
  async #forget(): Promise<void> {
    const wire = this.#wires[Math.floor(this.#random() * this.#wires.length)];
    wire?.goAway();
    for (let slice = 0; slice < 130; slice += 1) await this.#time.advance(10);
    wire?.comeBackEmpty();
  }

  #fate(): Fate {
    const { lost, slow } = this.#plan;
    const way = (): number => (this.#chance(0.1) ? this.#random() * slow : this.#random() * 3);
    const end = (): 'arrives' | 'lost' | 'refused' =>
      this.#chance(lost) ? (this.#chance(0.5) ? 'lost' : 'refused') : 'arrives';
    return { there: way(), question: end(), back: way(), answer: end() };
  }

  /** A clock that is off by some minutes, and by less than half of the drift that is allowed for. */
  #clock(): Clock {
    const { apart } = this.#plan;
    const offset = apart ? (this.#random() - 0.5) * 600_000 : 0;
    const rate = apart ? 1 + (this.#random() - 0.5) * 0.009 : 1;
    const time = this.#time;
    return monotoneClock({
      now: () => time.now() + offset,
      monotonic: () => time.monotonic() * rate,
      setTimeout: (run, ms) => time.setTimeout(run, ms / rate),
      clearTimeout: (timer) => time.clearTimeout(timer),
    });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#time.setTimeout(resolve, ms));
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }
}

/** Numbers from 0 to 1 that look random and are the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
