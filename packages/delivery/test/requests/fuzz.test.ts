import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Driver, type DriverEvent, type DriverOptions } from '../../src/index.ts';

/** So many runs, each with a seed of its own, which is in the message when it fails. */
const runs = 10_000;

interface Numbers {
  number: (n: number) => string;
}

/** Mulberry32: the same numbers for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** What came of something that was asked for, as whoever asked saw it. */
interface Seen {
  readonly n: number;
  readonly kind: 'send' | 'request';
  /** The driver was closed already. */
  readonly late: boolean;
  end: 'pending' | 'accepted' | 'answered' | 'failed' | 'timed_out' | 'aborted' | 'closed';
  readonly stop: AbortController;
}

/** One run: what was done to a driver, what everybody saw, and whether that agrees. */
class Run {
  readonly seen: Seen[] = [];
  readonly taken: DriverEvent[] = [];
  readonly finish: (() => void)[] = [];
  readonly stats = { replied: 0, failed: 0, refused: 0, hookRefused: 0, hookFaults: 0, dropped: [] as number[] };
  readonly driver: Driver<Numbers>;
  readonly #below: (below: number) => number;
  readonly #receives: AbortController[] = [];
  readonly capacity: number;
  closing = false;

  constructor(seed: number) {
    this.#below = random(seed);
    this.capacity = 1 + this.#below(4);
    const options: DriverOptions = {
      capacity: this.capacity,
      onRefused: () => {
        this.stats.hookRefused += 1;
        if (this.#below(4) > 0) return;
        this.stats.hookFaults += 1;
        throw new Error('hook');
      },
      onDrop: ({ payload }) => this.stats.dropped.push(payload as number),
    };
    this.driver = new Driver(options);
  }

  async step(): Promise<void> {
    this.#act(this.#below(this.#below(12) === 0 ? 14 : 13));
    const { size, waiting } = this.driver;
    if (size > this.capacity || (waiting > 0 && size < this.capacity))
      throw new Error(`${size} of ${this.capacity} are there, and ${waiting} wait`);
    // Sometimes promises get a turn in between, sometimes not.
    for (let turn = this.#below(3); turn > 0; turn -= 1) await Promise.resolve();
  }

  #act(which: number): void {
    if (which < 1) this.#send();
    else if (which < 3) this.#request();
    else if (which < 5) this.#receive();
    else if (which < 7) this.#reply();
    else if (which < 9) this.#finish();
    else if (which < 10) this.#fail();
    else if (which < 11) this.#abort();
    else if (which < 12) this.#leave();
    else if (which < 13) vi.advanceTimersByTime(this.#below(15));
    else {
      this.closing = true;
      void this.driver.close();
    }
  }

  /** Ends everything: closes, takes and answers what is there, or gives it up. */
  async end(): Promise<{ undelivered: number }> {
    for (const left of this.#receives) left.abort(new Error('left'));
    await turns();
    const giveUp = new AbortController();
    const closed = this.driver.close(giveUp);
    if (this.#below(2) === 0) {
      for await (const event of this.driver.consumer()) this.taken.push(event);
      for (const finish of this.finish) finish();
      await turns();
      for (const event of this.taken) this.#count(event.reply(() => `end ${String(event.payload)}`));
    } else giveUp.abort();
    await turns();
    giveUp.abort();
    const result = await closed;
    for (const finish of this.finish) finish();
    await turns();
    return result;
  }

  #send(): void {
    const seen = this.#new('send');
    const { n, stop } = seen;
    this.#watch(seen, this.driver.producer().send('number', n, { signal: stop.signal }), 'accepted');
  }

  #request(): void {
    const seen = this.#new('request');
    const { n, stop } = seen;
    const options = { timeoutMs: 1 + this.#below(30), signal: stop.signal };
    const producer = this.driver.producer();
    const asked =
      this.#below(3) === 0
        ? producer.call('number', n, options).then(({ reply }) => reply)
        : producer.request('number', n, options);
    this.#watch(
      seen,
      asked.then((answer) => expect(answer.split(' ')[1], 'an answer went to another requester').toBe(String(n))),
      'answered',
    );
  }

  #new(kind: Seen['kind']): Seen {
    const seen: Seen = { n: this.seen.length, kind, late: this.closing, end: 'pending', stop: new AbortController() };
    this.seen.push(seen);
    return seen;
  }

  #watch(seen: Seen, promise: Promise<unknown>, end: 'accepted' | 'answered'): void {
    promise.then(
      () => (seen.end = end),
      (error: Error & { code?: string; n?: number }) => {
        if (error.code === 'DRIVER_CLOSED') seen.end = 'closed';
        else if (error.code === 'REQUEST_TIMEOUT') seen.end = 'timed_out';
        else if (error.message === 'stop') seen.end = 'aborted';
        else if (error.message === 'failed' && error.n === seen.n) seen.end = 'failed';
        else throw error;
      },
    );
  }

  #receive(): void {
    const left = new AbortController();
    this.#receives.push(left);
    this.driver
      .consumer()
      .receive(left)
      .then(
        (event) => this.taken.push(event),
        () => {},
      );
  }

  #reply(): void {
    const event = this.#any(this.taken);
    if (event === undefined) return;
    const answer = `answer ${String(event.payload)}`;
    const how = this.#below(3);
    this.#count(
      event.reply(() => {
        if (how === 0) return answer;
        if (how === 1) throw failed(event);
        return new Promise((resolve) => this.finish.push(() => resolve(answer)));
      }),
    );
  }

  #fail(): void {
    const event = this.#any(this.taken);
    if (event !== undefined) this.#count(Promise.resolve(event.fail(failed(event))));
  }

  #abort(): void {
    this.#any(this.seen)?.stop.abort(new Error('stop'));
  }

  #leave(): void {
    this.#any(this.#receives)?.abort(new Error('left'));
  }

  #finish(): void {
    this.#any(this.finish)?.();
  }

  #count(outcome: Promise<{ status: 'replied' | 'failed' | 'refused' }>): void {
    void outcome.then(({ status }) => (this.stats[status] += 1));
  }

  #any<T>(all: readonly T[]): T | undefined {
    return all[this.#below(Math.max(1, all.length))];
  }

  which(kind: Seen['kind'], ...ends: Seen['end'][]): Seen[] {
    return this.seen.filter((seen) => !seen.late && seen.kind === kind && ends.includes(seen.end));
  }
}

function failed({ payload }: DriverEvent): Error {
  return Object.assign(new Error('failed'), { n: payload });
}

/** Everything that hangs on promises alone has happened. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}

describe('any order of sending, asking, taking, answering, failing, leaving, waiting and closing', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const check = async (seed: number): Promise<void> => {
    const run = new Run(seed);
    for (let step = 0; step < 30; step += 1) await run.step();
    await turns();
    const { undelivered } = await run.end();
    const { driver, stats, taken } = run;
    const numbers = taken.map(({ payload }) => payload as number);
    const ends = (...of: Seen['end'][]): number => run.which('request', ...of).length;

    expect(run.which('send', 'pending').concat(run.which('request', 'pending')), 'everybody is told').toEqual([]);
    expect(new Set(numbers).size, 'nothing is taken twice').toBe(numbers.length);
    // One-way events: each that was accepted was taken or dropped, and none that was refused.
    const oneWay = (all: readonly number[]): number[] => all.filter((n) => run.seen[n]?.kind === 'send');
    const accepted = run.which('send', 'accepted').map(({ n }) => n);
    const went = [...oneWay(numbers), ...oneWay(stats.dropped)].toSorted((a, b) => a - b);
    expect(went, 'nothing is lost').toEqual(accepted);
    expect(driver).toMatchObject({ size: 0, waiting: 0 });
    // Counters, against what everybody saw.
    expect(driver.stats).toEqual({
      sent: accepted.length,
      requested: ends('answered', 'failed', 'timed_out', 'aborted', 'closed'),
      taken: taken.length,
      replied: ends('answered'),
      failed: ends('failed'),
      timedOut: ends('timed_out'),
      aborted: ends('aborted'),
      givenUp: ends('closed'),
      refusedReplies: stats.refused,
      faults: 0,
      dropped: stats.dropped.length,
      hookFaults: stats.hookFaults,
      pending: 0,
    });
    const late = run.seen.filter((seen) => seen.late).map(({ end }) => end);
    expect(
      late.every((end) => end === 'closed'),
      'nothing is taken after close',
    ).toBe(true);
    expect(stats).toMatchObject({ replied: ends('answered'), failed: ends('failed'), hookRefused: stats.refused });
    expect(undelivered).toBeGreaterThanOrEqual(stats.dropped.length);
    expect(vi.getTimerCount(), 'no timer is left').toBe(0);
  };

  it(`row 93: loses nothing, does nothing twice, and counts the truth, ${runs} times`, async () => {
    for (let seed = 0; seed < runs; seed += 1) {
      try {
        await check(seed);
      } catch (error) {
        throw new Error(`with seed ${seed}`, { cause: error });
      }
    }
  }, 300_000);
});
