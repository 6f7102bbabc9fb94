import type { EventError } from './event.ts';

/** How deep a chain of causes is followed. */
export const maxErrorDepth = 8;

const maxText = 4096;

/** What is told of a thrown value, whatever was thrown. Never throws, never follows a circle. */
export function toEventError(thrown: unknown): EventError {
  return describe(thrown, 1);
}

function describe(thrown: unknown, depth: number): EventError {
  try {
    if (typeof thrown !== 'object' || thrown === null) {
      return Object.freeze({ name: 'NonError', message: cut(String(thrown)) });
    }
    const { name, message, code, stack, cause, errors } = thrown as Record<string, unknown>;
    const described: { -readonly [K in keyof EventError]: EventError[K] } = {
      name: typeof name === 'string' && name !== '' ? cut(name) : 'Error',
      message: typeof message === 'string' ? cut(message) : cut(JSON.stringify(thrown) ?? 'it has no text'),
    };
    if (typeof code === 'string' || typeof code === 'number') described.code = cut(String(code));
    if (typeof stack === 'string') described.stack = cut(stack);
    if (depth < maxErrorDepth) {
      if (cause !== undefined && cause !== null) described.cause = describe(cause, depth + 1);
      if (Array.isArray(errors)) {
        described.errors = Object.freeze(errors.slice(0, maxErrorDepth).map((error) => describe(error, depth + 1)));
      }
    }
    return Object.freeze(described);
  } catch {
    return Object.freeze({ name: 'Error', message: 'a value was thrown that cannot be described' });
  }
}

function cut(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text;
}
