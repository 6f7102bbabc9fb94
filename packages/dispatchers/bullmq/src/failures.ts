import type { AttemptError } from '@lockscope/delivery';
import { UnrecoverableError } from 'bullmq';

/** How much of an error's message is stored. */
const keptMessage = 4_000;

/**
 * A failed attempt as BullMQ is told of it. BullMQ takes some names and messages of errors for orders, so those of the
 * handler go into the stack, which is what it stores for every attempt.
 */
export function failure(error: unknown, last: boolean): Error {
  const { name, message } = described(error);
  const told = last ? new UnrecoverableError(`${name}: ${message}`) : new Error(`${name}: ${message}`);
  told.stack = JSON.stringify({ name, message });
  return told;
}

/** What is stored of an error. */
export function described(error: unknown): AttemptError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error).slice(0, keptMessage) };
  // Both are what the user made them.
  const { name, message } = error as { readonly name: unknown; readonly message: unknown };
  return { name: String(name).slice(0, 200), message: String(message).slice(0, keptMessage) };
}

/** Reads what {@link failure} stored; what BullMQ itself stored is the stack of an error. */
export function readFailure(stack: string): AttemptError {
  try {
    const { name, message } = JSON.parse(stack) as Partial<AttemptError>;
    if (typeof name === 'string' && typeof message === 'string') return { name, message };
  } catch {
    // A stack.
  }
  const [, name = 'Error', message = ''] = /^(?:(\w+): )?([^\n]*)/.exec(stack) ?? [];
  return { name, message };
}
