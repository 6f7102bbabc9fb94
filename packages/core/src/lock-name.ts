const identifier =
  /^(?:\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[0-9a-f]*\d)[0-9a-f]{8,}|(?=\w*\d)\w{20,})$/i;
const part = /[^/:.,;|#@=&?\s]+/g;

/**
 * The class of a lock that nobody declared: each part of the key that looks like an identifier (a number, a uuid, hex,
 * a long mixed word) becomes `{id}`, so `orders/42` and `orders/43` are both `orders/{id}`. A guess, for metrics;
 * declare the name with `define()` to be sure.
 */
export function templateName(key: string): string {
  return key.replace(part, (text) => (identifier.test(text) ? '{id}' : text));
}
