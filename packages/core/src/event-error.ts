import type { EventError } from './event.ts';

/** How deep a chain of causes is followed. */
export const maxErrorDepth = 8;

const maxText = 4096;
/** How many members of an aggregate are told, and how many errors in one description altogether. */
const maxMembers = 8;
const maxErrors = 64;

/**
 * What is told of a thrown value, whatever was thrown. Never throws, never follows a circle, and is of bounded size:
 * texts of 4,096 characters, {@link maxErrorDepth} levels, 64 errors altogether.
 */
export function toEventError(thrown: unknown): EventError {
  return describe(thrown, [], { left: maxErrors });
}

function describe(thrown: unknown, above: readonly unknown[], budget: { left: number }): EventError {
  budget.left -= 1;
  try {
    if (typeof thrown !== 'object' || thrown === null) {
      return Object.freeze({ name: 'NonError', message: cut(String(thrown)) });
    }
    const [name, message, code, stack] = ['name', 'message', 'code', 'stack'].map((key) => read(thrown, key));
    const described: { -readonly [K in keyof EventError]: EventError[K] } = {
      name: isText(name) ? cut(name) : 'Error',
      message: cut(typeof message === 'string' ? message : json(thrown)),
    };
    if (isText(code) || typeof code === 'number') described.code = cut(String(code));
    if (isText(stack)) described.stack = cut(stack);
    const chain = [...above, thrown];
    if (chain.length < maxErrorDepth) {
      const follow = (inner: unknown): EventError[] =>
        budget.left > 0 && !chain.includes(inner) ? [describe(inner, chain, budget)] : [];
      const cause = read(thrown, 'cause');
      const told = cause === undefined || cause === null ? undefined : follow(cause)[0];
      if (told !== undefined) described.cause = told;
      const members = read(thrown, 'errors');
      if (Array.isArray(members)) described.errors = Object.freeze(members.slice(0, maxMembers).flatMap(follow));
    }
    return Object.freeze(described);
  } catch {
    return Object.freeze({ name: 'Error', message: 'a value was thrown that cannot be described' });
  }
}

/** A field of something that may do anything when it is read. */
function read(thrown: object, key: string): unknown {
  try {
    return (thrown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** What can be told of an object without a message. */
function json(thrown: object): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(thrown);
  } catch {
    // A circle, a bigint: it stays without a text.
  }
  return text === undefined || text === '{}' ? 'it has no text' : text;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function cut(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text;
}
