/** @internal Stands for a parameter in a pattern such as `orders/{id}`. */
export const placeholder: RegExp = /\{([A-Za-z_]\w*)\}/g;

/** @internal Which keys belong to a class of locks. */
export class KeyPattern {
  readonly name: string;
  /** How many characters of a key it fixes: of several patterns that match a key, the one that fixes most names it. */
  readonly fixed: number;
  readonly #literals: readonly string[];

  constructor(name: string) {
    this.name = name;
    this.#literals = name.split(placeholder).filter((_text, index) => index % 2 === 0);
    this.fixed = this.#literals.join('').length;
  }

  /** Linear in the length of the key, whatever the pattern: keys may come from strangers. */
  matches(key: string): boolean {
    const [first = '', ...rest] = this.#literals;
    const last = rest.pop();
    if (last === undefined) return key === first;
    if (!key.startsWith(first) || !key.endsWith(last)) return false;
    let from = first.length;
    for (const literal of rest) {
      const at = key.indexOf(literal, from + 1);
      if (at === -1) return false;
      from = at + literal.length;
    }
    return from < key.length - last.length;
  }
}
