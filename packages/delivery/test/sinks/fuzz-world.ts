import {
  Broadcaster,
  exponentialBackoff,
  Filter,
  FunctionSink,
  isSinkClosed,
  Queue,
  Retrying,
  SinkClosedError,
  type Closed,
  type CloseOptions,
  type Sink,
  type WriteOptions,
} from '../../src/index.ts';
import { seeded } from './seeded.ts';

/** One branch of the chain, and what is known of each event that it was given. */
interface Branch {
  readonly sink: Sink<number>;
  readonly given: number[];
  readonly committed: number[];
  /** Told to a hook of any stage. */
  readonly dropped: number[];
  readonly skips: (n: number) => boolean;
  /** The destination has said that it is closed. */
  closed: boolean;
}

/** What would run in the next turn of the loop. A turn of its own costs a hundred times as much. */
const later: (() => void)[] = [];

/** Takes the place of `setImmediate`. */
export function nextInFuzz(run: () => void): void {
  later.push(run);
}

async function turn(): Promise<void> {
  // As many steps as the longest chain of promises here is long, and then some.
  for (let step = 0; step < 40; step += 1) await Promise.resolve();
  for (const run of later.splice(0)) run();
}

/** A random chain with destinations that a seeded scheduler lets succeed, fail, hang and close. */
export class FuzzWorld {
  readonly #random: () => number;
  readonly #branches: Branch[] = [];
  readonly #members = new Set<Branch>();
  readonly #chain: Broadcaster<number>;
  /** What destinations have begun, and how it ends. */
  #open: ((how: 'commits' | 'fails' | 'closes') => void)[] = [];
  #next = 0;
  #givenUp = 0;
  #laneDrops = 0;
  #closing: Promise<Closed> | undefined;
  #hurried = false;
  readonly #refused = new Set<number>();
  readonly #log: string[] = [];
  readonly #checks: (() => string[])[] = [];

  constructor(seed: number) {
    this.#random = seeded(seed);
    const maxSize = this.#pick([1, 2, 5, Infinity]);
    this.#chain = new Broadcaster<number>([], {
      maxSize,
      onDrop: (n, error, sink) => {
        this.#laneDrops += 1;
        this.#drop(
          this.#branches.find((branch) => branch.sink === sink),
          n,
          error,
        );
      },
    });
    for (let count = this.#pick([1, 2, 3, 4]); count > 0; count -= 1) this.#branches.push(this.#branch());
    for (const branch of this.#branches) this.#add(branch);
  }

  /** Everything that happened, for a failure to be understood. */
  get log(): string {
    return this.#log.join(' ');
  }

  async run(steps: number): Promise<string[]> {
    for (let step = 0; step < steps; step += 1) await this.#step();
    this.#closing ??= this.#chain.close();
    const ended = await this.#until(this.#closing);
    // Who was removed was not closed with the rest: whoever removed it closes it.
    const left = await this.#until(Promise.all(this.#branches.map(({ sink }) => sink.close())));
    if (ended === undefined || left === undefined) return ['close did not end'];
    for (let rest = 0; rest < 5; rest += 1) await turn();
    return this.#problems(ended);
  }

  /** Lets destinations go on until something has ended. */
  async #until<V>(end: Promise<V>): Promise<V | undefined> {
    const ended: V[] = [];
    void end.then((value) => ended.push(value));
    for (let rounds = 0; ended.length === 0 && rounds < 10_000; rounds += 1) {
      this.#settle(this.#pick(['commits', 'commits', 'fails']));
      await turn();
    }
    return ended.at(0);
  }

  async #step(): Promise<void> {
    const luck = this.#random();
    if (luck < 0.4) this.#write();
    else if (luck < 0.62) this.#settle(this.#random() < 0.7 ? 'commits' : 'fails');
    else if (luck < 0.63) this.#settle('closes');
    else if (luck < 0.67) this.#add(this.#pick(this.#branches));
    else if (luck < 0.71) this.#remove(this.#pick(this.#branches));
    else if (luck < 0.72) this.#close();
    else await turn();
  }

  #write(): void {
    const n = (this.#next += 1);
    this.#log.push(`w${n}`);
    const closed = this.#closing !== undefined;
    if (!closed) for (const branch of this.#members) branch.given.push(n);
    this.#chain.write(n).catch((error: unknown) => {
      if (!isSinkClosed(error)) throw error;
      this.#refused.add(n);
    });
  }

  #settle(how: 'commits' | 'fails' | 'closes'): void {
    const at = Math.floor(this.#random() * this.#open.length);
    const [end] = this.#open.splice(at, 1);
    if (end !== undefined) this.#log.push(how);
    end?.(how);
  }

  #add(branch: Branch): void {
    if (this.#closing !== undefined || branch.closed) return;
    this.#log.push(`add${this.#branches.indexOf(branch)}`);
    void this.#chain.add(branch.sink);
    this.#members.add(branch);
  }

  #remove(branch: Branch): void {
    if (this.#closing !== undefined) return;
    this.#log.push(`remove${this.#branches.indexOf(branch)}`);
    void this.#chain.remove(branch.sink);
    this.#members.delete(branch);
  }

  #close(): void {
    const hurry = this.#random() < 0.5;
    this.#log.push(hurry ? 'hurry' : 'close');
    this.#hurried ||= hurry;
    this.#closing = this.#chain.close(hurry ? { signal: AbortSignal.abort() } : {});
  }

  #branch(): Branch {
    const branch: Omit<Branch, 'sink'> = { given: [], committed: [], dropped: [], skips: () => false, closed: false };
    const whole = branch as Branch & { sink: Sink<number>; skips: (n: number) => boolean };
    const onDrop = (n: number, error: unknown): void => this.#drop(whole, n, error);
    let sink: Sink<number> = this.#destination(whole);
    for (let stages = this.#pick([0, 1, 2, 3]); stages > 0; stages -= 1) {
      const kind = this.#pick(['queue', 'retrying', 'filter']);
      if (kind === 'queue') sink = this.#queue(sink, onDrop);
      else if (kind === 'retrying') {
        const strategy = exponentialBackoff({ maxMs: 0 });
        sink = new Retrying(sink, { strategy, maxAttempts: 3, onDrop, serial: this.#random() < 0.5 });
      } else {
        const modulus = this.#pick([2, 3]);
        const before = whole.skips;
        whole.skips = (n) => before(n) || n % modulus === 0;
        const slow = this.#random() < 0.5;
        sink = new Filter<number>(sink, (n) => (slow ? Promise.resolve(n % modulus !== 0) : n % modulus !== 0));
      }
    }
    whole.sink = sink;
    return whole;
  }

  #queue(behind: Sink<number>, onDrop: (n: number, error: unknown) => void): Sink<number> {
    const counted = { told: 0, accepted: 0 };
    const count = (n: number, error: unknown): void => {
      counted.told += 1;
      onDrop(n, error);
    };
    const queue = new Queue(behind, { maxSize: this.#pick([1, 3, Infinity]), onDrop: count });
    this.#checks.push(() => {
      const { delivered, dropped, depth, waiting } = queue;
      const told = counted.told === dropped && depth === 0 && waiting === 0;
      return told && delivered + dropped === counted.accepted
        ? []
        : [`queue: accepted ${counted.accepted}, delivered ${delivered}, dropped ${dropped}, told ${counted.told}`];
    });
    const accepting = new FunctionSink<number>(() => {});
    return Object.assign(accepting, {
      write: async (n: number, options?: WriteOptions) => {
        await queue.write(n, options);
        counted.accepted += 1;
      },
      close: (options?: CloseOptions) => queue.close(options),
    });
  }

  #destination(branch: Branch): Sink<number> {
    return new FunctionSink<number>(
      (n) =>
        new Promise<void>((resolve, reject) => {
          this.#open.push((how) => {
            if (how === 'closes') branch.closed = true;
            if (branch.closed) reject(new SinkClosedError());
            else if (how === 'fails') reject(new Error('fails'));
            else {
              branch.committed.push(n);
              resolve();
            }
          });
        }),
    );
  }

  #drop(branch: Branch | undefined, n: number, error: unknown): void {
    if ((error as { code?: string }).code === 'GIVEN_UP') this.#givenUp += 1;
    branch?.dropped.push(n);
  }

  #problems({ undelivered }: Closed): string[] {
    const found = this.#checks.flatMap((check) => check());
    const expect = (holds: boolean, what: string): void => void (holds || found.push(what));
    expect(undelivered === this.#givenUp, `undelivered is ${undelivered}, told were ${this.#givenUp}`);
    expect(this.#hurried || undelivered === 0, 'something was given up though nobody was in a hurry');
    expect(this.#hurried || this.#closing !== undefined, 'it is closed');
    expect(this.#chain.dropped === this.#laneDrops, `dropped is ${this.#chain.dropped}, told were ${this.#laneDrops}`);
    for (const [at, branch] of this.#branches.entries()) {
      const { given, committed, dropped, skips, closed } = branch;
      const here = (what: string): string => `branch ${at}: ${what}`;
      expect(new Set(committed).size === committed.length, here(`twice: ${committed.join()}`));
      expect(isSorted(committed), here(`order: ${committed.join()}`));
      const known = new Set(given);
      expect(
        [...committed, ...dropped].every((n) => known.has(n)),
        here('it got what it was not given'),
      );
      const told = new Set([...committed, ...dropped]);
      const lost = given.filter((n) => !told.has(n) && !skips(n) && !this.#refused.has(n));
      // After the destination closed, the branch leaves by itself, at a moment that is its own.
      expect(closed || lost.length === 0, here(`lost ${lost.join()}`));
      const twice = committed.length + dropped.length - told.size;
      // Of one that is on its way when a closer gives up nobody can say what became of it.
      expect(twice === 0 || this.#hurried || closed, here(`${twice} were told twice`));
    }
    return found;
  }

  #pick<V>(from: readonly V[]): V {
    return from.at(Math.floor(this.#random() * from.length)) as V;
  }
}

function isSorted(numbers: readonly number[]): boolean {
  return numbers.every((n, at) => at === 0 || n > (numbers.at(at - 1) ?? 0));
}
