/**
 * @internal Freezes plain data when it is first shown. What is frozen already is taken to be frozen all the way down;
 * what cannot be frozen, such as a typed array, stays as it is.
 */
export function freezeDeep<V>(value: V): V {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  try {
    Object.freeze(value);
    for (const inner of Object.values(value)) if (typeof inner === 'object') freezeDeep(inner);
  } catch {
    // Showing an event must not fail the operation that it tells of.
  }
  return value;
}
