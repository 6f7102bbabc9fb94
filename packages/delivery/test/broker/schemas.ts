import type { StandardSchema } from '../../src/index.ts';

/** A schema as libraries make them, of one check. */
export function schemaOf<T>(check: (value: unknown) => value is T): StandardSchema<T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        check(value) ? { value } : { issues: [{ message: 'does not fit', path: ['data', { key: 0 }] }] },
    },
  };
}

export const amountSchema: StandardSchema<{ amount: number }> = schemaOf(
  (value): value is { amount: number } =>
    typeof value === 'object' && value !== null && typeof (value as { amount?: unknown }).amount === 'number',
);

/** Fails in its own way, as a schema should not. */
export const brokenSchema: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: () => {
      throw new Error('the schema is broken');
    },
  },
};

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
