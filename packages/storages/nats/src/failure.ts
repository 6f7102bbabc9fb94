import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';

const jetStreamOff = 10039;
const noSequence = 10043;
const noMessage = 10057;
/** Names of errors; the client calls its own class `NoRespondersError` by the second one. */
const nobody: ReadonlySet<string> = new Set(['JetStreamNotEnabled', 'NoResponders']);
const noSpace: ReadonlySet<number> = new Set([10023, 10047, 10077, 10122]);

/** Somebody else wrote first. */
export function isConflict(error: unknown): boolean {
  const code = apiCode(error);
  return (
    code === JetStreamApiCodes.StreamWrongLastSequence || code === JetStreamApiCodes.StreamWrongLastSequenceUnknown
  );
}

/** The message to be removed is not there any more. */
export function isGone(error: unknown): boolean {
  const code = apiCode(error);
  return code === noSequence || code === noMessage || code === JetStreamApiCodes.NoMessageFound;
}

/** True when a stream of that name, or with these subjects, is there or being made. */
export function isMadeByOthers(error: unknown): boolean {
  return error instanceof JetStreamApiError && (error.code === 10058 || error.code === 10065);
}

export function isNoStream(error: unknown): boolean {
  return apiCode(error) === JetStreamApiCodes.StreamNotFound;
}

/** Nobody answers for JetStream: it is off, or the stream that took this subject is gone. */
export function isNobodyThere(error: unknown): boolean {
  return nobody.has(nameOf(error) ?? '') || apiCode(error) === jetStreamOff;
}

export function isDenied(error: unknown): boolean {
  return nameOf(error) === 'PermissionViolationError' || (cause(error) !== undefined && isDenied(cause(error)));
}

/** What a person is told about it. */
export function describeFailure(error: unknown, timeoutMs: number): string {
  if (isDenied(error)) return `this user may not do that: ${textOf(error)}`;
  if (nameOf(error) === 'TimeoutError') return `there was no answer within ${timeoutMs} ms`;
  if (nameOf(error) === 'AuthorizationError') return `the server does not know this user: ${textOf(error)}`;
  const code = apiCode(error);
  if (code !== undefined && noSpace.has(code)) return `the server has no room left: ${textOf(error)}`;
  return textOf(error);
}

function apiCode(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}

function cause(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
