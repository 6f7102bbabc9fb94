/** @internal False for what cannot be a promise, so that a listener that gives a number costs none. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
