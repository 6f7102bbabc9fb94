/** @internal Freezes plain data when it is first shown. What is frozen already is taken to be frozen all the way down. */
export function freezeDeep<V>(value: V): V {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) if (typeof inner === 'object') freezeDeep(inner);
  return value;
}
