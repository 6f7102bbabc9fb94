/**
 * @internal How long to wait before the storage is asked again where it cannot tell: from `minMs`, half as long again
 * each time, up to `maxMs`, each spread by a quarter either way so that waiters do not ask all at once.
 */
export class PollDelay {
  readonly #minMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }) {
    this.#minMs = minMs;
    this.#nextMs = minMs;
    this.#maxMs = maxMs;
  }

  /** Who is the next (`ahead` is 0) stays awake; while somebody else comes first there is no hurry. */
  next(ahead: number | undefined): number {
    const wanted = ahead === undefined ? this.#nextMs : ahead > 0 ? this.#maxMs : this.#minMs;
    this.#nextMs = Math.min(this.#maxMs, this.#nextMs * 1.5);
    return wanted * (0.75 + Math.random() / 2);
  }
}
