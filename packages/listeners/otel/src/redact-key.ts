import { createHash } from 'node:crypto';

import type { KeyRedaction } from './otel-options.ts';

/** The key as a span may show it; undefined when it is not to be shown. */
export function redactKey(key: string, redaction: KeyRedaction): string | undefined {
  if (redaction === 'none') return key;
  return redaction === 'omit' ? undefined : createHash('sha256').update(key).digest('hex').slice(0, 16);
}
