import type { Holder } from './record.ts';

/** The longest text that a holder may put on record, by field. What is longer is cut when it is read back. */
export const holderLimits = { ownerId: 128, host: 255, service: 128, operation: 64, traceparent: 55 } as const;

/** The longest key that every storage takes, in UTF-16 code units. */
export const maxKeyLength = 512;

/**
 * Reads a holder from a record. A record is untrusted input: only known fields of the right type are taken, texts are
 * cut to {@link holderLimits}, a trace context of the wrong length is left out. Undefined when there is no owner.
 */
export function parseHolder(raw: unknown): Holder | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const { ownerId, host, pid, service, operation, traceparent } = raw as Readonly<Record<string, unknown>>;
  if (typeof ownerId !== 'string' || ownerId === '') return undefined;
  return Object.freeze({
    ownerId: ownerId.slice(0, holderLimits.ownerId),
    ...(typeof host === 'string' && { host: host.slice(0, holderLimits.host) }),
    ...(typeof pid === 'number' && Number.isSafeInteger(pid) && { pid }),
    ...(typeof service === 'string' && { service: service.slice(0, holderLimits.service) }),
    ...(typeof operation === 'string' && { operation: operation.slice(0, holderLimits.operation) }),
    ...(typeof traceparent === 'string' && traceparent.length === holderLimits.traceparent && { traceparent }),
  });
}
