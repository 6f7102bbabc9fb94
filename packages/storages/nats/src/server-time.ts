/** How much two clocks may drift apart, in milliseconds a millisecond: ten times what quartz does. */
const drift = 0.0005;
/** After so long a new look is due. */
const staleAfterMs = 60_000;

/**
 * What the server's clock must say, from the stamps that it gave to messages. Used to show times and to know when it
 * is worth asking; what ends somebody's lease is always a stamp of the server itself.
 */
export class ServerTime {
  readonly #monotonic: () => number;
  /** The server's clock minus the local one lies between these. */
  #low = -Infinity;
  #high = Infinity;
  #notedAt = -Infinity;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** True when there is no stamp, or when the last is so old that the clocks may have drifted apart. */
  get isStale(): boolean {
    return this.#monotonic() - this.#notedAt > staleAfterMs;
  }

  /** The server stamped a message at `stamp`, some time between `sentAt` and `receivedAt` of the local clock. */
  note(sentAt: number, receivedAt: number, stamp: number): void {
    const widened = (receivedAt - this.#notedAt) * drift;
    const [low, high] = [stamp - receivedAt, stamp - sentAt];
    const [keptLow, keptHigh] = [Math.max(low, this.#low - widened), Math.min(high, this.#high + widened)];
    // Where old and new do not agree, somebody has set the server's clock, or another server answers.
    const agree = keptLow <= keptHigh;
    this.#low = agree ? keptLow : low;
    this.#high = agree ? keptHigh : high;
    this.#notedAt = receivedAt;
  }

  /** The server's clock cannot be behind this. */
  earliest(at: number = this.#monotonic()): number {
    return at + this.#low - Math.max(0, at - this.#notedAt) * drift;
  }

  /** The server's clock cannot be ahead of this. */
  latest(at: number = this.#monotonic()): number {
    return at + this.#high + Math.max(0, at - this.#notedAt) * drift;
  }

  /** The server's clock, as well as it is known, in whole milliseconds. */
  now(at: number = this.#monotonic()): number {
    return Math.round(at + (this.#low + this.#high) / 2);
  }

  /** Forgets all stamps: the next look decides. */
  reset(): void {
    this.#low = -Infinity;
    this.#high = Infinity;
    this.#notedAt = -Infinity;
  }
}
