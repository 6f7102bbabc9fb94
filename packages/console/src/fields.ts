import { limits } from './limits.ts';

/** Events come from elsewhere, so nothing in their payloads is believed before it was looked at. */
type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** A text of some length, cut where it is too long; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.length > limits.text ? `${value.slice(0, limits.text)}…` : value;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
