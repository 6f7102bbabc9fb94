/** Something that stands in a chain, or in none. */
export class Link {
  /** @internal The chain that it is in, and its neighbours there. */
  chain: Chain<Link> | undefined = undefined;
  before: Link | undefined = undefined;
  after: Link | undefined = undefined;

  /** Leaves the chain that it is in; nothing happens when it is in none. */
  leave(): void {
    this.chain?.remove(this);
  }
}

/** First in, first out, where anybody in the middle can leave at no cost. */
export class Chain<L extends Link> {
  #first: L | undefined;
  #last: L | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(link: L): void {
    link.chain = this as unknown as Chain<Link>;
    link.before = this.#last;
    link.after = undefined;
    if (this.#last === undefined) this.#first = link;
    else this.#last.after = link;
    this.#last = link;
    this.#size += 1;
  }

  /** The one that waited longest, out of the chain. */
  shift(): L | undefined {
    const link = this.#first;
    if (link !== undefined) this.remove(link);
    return link;
  }

  /** @internal For `Link.leave`. */
  remove(link: L): void {
    const { before, after } = link;
    if (before === undefined) this.#first = after as L | undefined;
    else before.after = after;
    if (after === undefined) this.#last = before as L | undefined;
    else after.before = before;
    link.chain = link.before = link.after = undefined;
    this.#size -= 1;
  }
}
