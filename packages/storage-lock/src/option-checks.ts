import { maxKeyLength } from '@lockscope/storage';

/** The longest duration that a timer of Node can wait. */
const maxDurationMs = 2 ** 31 - 1;

/** @internal */
export function checkDuration(name: string, value: unknown, problems: string[], also = ''): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxDurationMs) return;
  problems.push(`${name} must be a whole number of milliseconds from 1 to ${maxDurationMs}${also}, got ${show(value)}`);
}

/** @internal */
export function checkText(name: string, value: unknown, maxLength: number, problems: string[]): void {
  if (value === undefined || (typeof value === 'string' && value.length > 0 && value.length <= maxLength)) return;
  problems.push(`${name} must be a text of 1 to ${maxLength} characters, got ${show(value)}`);
}

/** @internal Which of the methods are not there. */
export function methodsMissing(given: unknown, methods: readonly string[]): readonly string[] {
  if (typeof given !== 'object' || given === null) return methods;
  return methods.filter((method) => typeof (given as Readonly<Record<string, unknown>>)[method] !== 'function');
}

/** @internal What is wrong with a key. */
export function describeKey(key: unknown): string {
  return `a lock key must be a text of 1 to ${maxKeyLength} characters, got ${typeof key === 'string' ? `${key.length} characters` : show(key)}`;
}

/** @internal A value in the text of an error. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : String(value);
}
