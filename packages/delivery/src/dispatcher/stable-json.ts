/** Deeper values are refused: they would end the stack of whoever reads them. */
const maxDepth = 500;

/** What JSON has no form for is an object with one of these as its only key; such an object of the user is wrapped. */
const marks = { bigint: '$bigint', date: '$date', object: '$object' } as const;

/**
 * The value as JSON text that does not depend on the order in which it was built: keys are sorted, and the same value
 * gives the same text after any number of round trips through {@link stableParse}. A `bigint` and a `Date` stay what
 * they are, so whole numbers above 2^53 survive; `toJSON` of other objects is obeyed, and keys without a value are left
 * out.
 *
 * @throws {TypeError} naming the place, for what would come back as something else: functions, symbols, `undefined` in a
 *   list or as the whole value, numbers that are not finite, invalid dates, maps, sets, binary data, circles, and what is
 *   deeper than 500.
 */
export function stableStringify(value: unknown): string {
  return write(value, '', []);
}

/**
 * The value that {@link stableStringify} wrote. Keys such as `__proto__` come back as plain keys.
 *
 * @throws {SyntaxError} for a text that is no JSON, that has a mark without its meaning, or that is deeper than 500.
 */
export function stableParse(text: string): unknown {
  return read(JSON.parse(text), 0);
}

function write(given: unknown, place: string, above: readonly object[]): string {
  const value = prepared(given);
  if (value === null) return 'null';
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'bigint') return `{"${marks.bigint}":"${value}"}`;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw refused(place, String(value));
    return Object.is(value, -0) ? '-0' : JSON.stringify(value);
  }
  if (typeof value !== 'object') throw refused(place, typeof value);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused(place, 'an invalid date');
    return `{"${marks.date}":"${value.toISOString()}"}`;
  }
  if (above.includes(value)) throw refused(place, 'a circle');
  if (above.length === maxDepth) throw refused(place, `deeper than ${maxDepth}`);
  const within = [...above, value];
  if (Array.isArray(value)) {
    return `[${Array.from(value, (item: unknown, index) => write(item, `${place}[${index}]`, within)).join(',')}]`;
  }
  if (value instanceof Map || value instanceof Set || value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    throw refused(place, `a ${value.constructor.name}`);
  return writeObject(value as Record<string, unknown>, place, within);
}

function writeObject(value: Record<string, unknown>, place: string, within: readonly object[]): string {
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .toSorted((a, b) => (a < b ? -1 : 1));
  const pairs = keys.map((key) => `${JSON.stringify(key)}:${write(value[key], `${place}.${key}`, within)}`);
  const text = `{${pairs.join(',')}}`;
  return keys.length === 1 && isMark(keys[0]) ? `{"${marks.object}":${text}}` : text;
}

/** As JSON does, but a date is written as a date. */
function prepared(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON.call(value, '') as unknown) : value;
}

function refused(place: string, what: string): TypeError {
  return new TypeError(`${place === '' ? 'the value' : place} cannot be written as JSON: ${what}`);
}

function isMark(key: string | undefined): boolean {
  return key === marks.bigint || key === marks.date || key === marks.object;
}

function read(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === maxDepth) throw new SyntaxError(`the text is deeper than ${maxDepth}`);
  if (Array.isArray(value)) return value.map((item) => read(item, depth + 1));
  const keys = Object.keys(value);
  const object = value as Record<string, unknown>;
  if (keys.length === 1 && isMark(keys[0])) return readMarked(keys[0] as string, object[keys[0] as string], depth);
  return readObject(object, depth);
}

function readMarked(mark: string, inner: unknown, depth: number): unknown {
  if (mark === marks.object) {
    const wrapped = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    if (!wrapped || !isMark(Object.keys(inner)[0]) || Object.keys(inner).length !== 1) throw meaningless(mark);
    return readObject(inner as Record<string, unknown>, depth);
  }
  if (typeof inner !== 'string') throw meaningless(mark);
  if (mark === marks.bigint) {
    if (!/^(?:0|-?[1-9]\d*)$/.test(inner)) throw meaningless(mark);
    return BigInt(inner);
  }
  const date = new Date(inner);
  if (Number.isNaN(date.getTime()) || date.toISOString() !== inner) throw meaningless(mark);
  return date;
}

/** The keys are there already as keys of the object's own, so that to set even `__proto__` sets only that. */
function readObject(object: Record<string, unknown>, depth: number): unknown {
  for (const key of Object.keys(object)) object[key] = read(object[key], depth + 1);
  return object;
}

function meaningless(mark: string): SyntaxError {
  return new SyntaxError(`the text has ${mark} without its meaning`);
}
