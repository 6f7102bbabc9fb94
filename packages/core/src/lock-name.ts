const part = /[^/:.,;|#@=&?\s]+/g;
const long = /^(?=\w*\d)\w{20,}$/;
const inside =
  /(?<![^_-])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d+|(?=[0-9a-f]*\d)[0-9a-f]{8,})(?![^_-])/gi;

/**
 * The class of a lock that nobody declared: what looks like an identifier in its key (a number, a uuid, hex, a long
 * mixed word) becomes `{id}`, so `orders/42` and `orders/43` are both `orders/{id}`, and `order-42` is `order-{id}`. A
 * guess, for metrics; declare the name with `define()` to be sure.
 */
export function templateName(key: string): string {
  return key.replace(part, (text) => (long.test(text) ? '{id}' : text.replace(inside, '{id}')));
}
