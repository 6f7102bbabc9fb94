import { InvalidOptionsError } from '@lockscope/core';

import type { Message } from './message.ts';

/** The types of messages that a map has. */
export type TypeOf<Events extends object> = keyof Events & string;

type PrefixOf<Type extends string> = Type extends `${infer First}.${infer Rest}`
  ? `${First}.*` | `${First}.${PrefixOf<Rest>}`
  : never;

/** What a handler may be registered for: a type, all that begin with `payment.` as `payment.*`, or all as `*`. */
export type BusPattern<Events extends object> = '*' | TypeOf<Events> | PrefixOf<TypeOf<Events>>;

type TypeMatching<Events extends object, Pattern extends string> = Pattern extends '*'
  ? TypeOf<Events>
  : Pattern extends `${infer Prefix}.*`
    ? Extract<TypeOf<Events>, `${Prefix}.${string}`>
    : Extract<TypeOf<Events>, Pattern>;

/** The messages that a pattern matches: the type narrows the data. */
export type MessageMatching<Events extends object, Pattern extends string> = MessageOf<
  Events,
  string extends TypeOf<Events> ? TypeOf<Events> : TypeMatching<Events, Pattern>
>;

/** The messages of these types: the type narrows the data. */
export type MessageOf<Events extends object, Type extends TypeOf<Events>> = {
  [T in Type]: Message<T, Events[T]>;
}[Type];

/** @throws {InvalidOptionsError} when a star stands anywhere but at the end, after a dot or alone. */
export function checkPattern(pattern: string): void {
  if (typeof pattern === 'string') {
    const rest = pattern === '*' ? 'all' : pattern.endsWith('.*') ? pattern.slice(0, -2) : pattern;
    if (rest !== '' && !rest.includes('*')) return;
  }
  throw new InvalidOptionsError([`a pattern must be a type, a prefix.* or *, got ${JSON.stringify(pattern)}`]);
}

export function isWildcard(pattern: string): boolean {
  return pattern.endsWith('*');
}

/** All patterns that match a type: the type itself, `*`, and one for each dot in it. */
export function patternsOf(type: string): string[] {
  const patterns = [type, '*'];
  for (let dot = type.indexOf('.'); dot !== -1; dot = type.indexOf('.', dot + 1))
    patterns.push(`${type.slice(0, dot)}.*`);
  return patterns;
}
