import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { BrokerRefusedError, BrokerUnavailableError, DeliveryError, EventRefusedError } from '@lockscope/delivery';

const jetStreamOff = 10039;
const nameInUse = 10058;
const noConsumer = 10014;
/** By name: a connection that is given may come from another copy of the client. */
const nobody: ReadonlySet<string> = new Set(['JetStreamNotEnabled', 'NoResponders', 'NoRespondersError']);
/** Of the client, and of the server. */
const tooLarge = /max_payload|message size exceeds|maximum payload/i;
const exists: ReadonlySet<number> = new Set([10013, 10105, 10148]);

/** A stream of that name is there, with other settings. */
export function isNameInUse(error: unknown): boolean {
  return apiCode(error) === nameInUse;
}

export function isNoStream(error: unknown): boolean {
  return apiCode(error) === JetStreamApiCodes.StreamNotFound;
}

export function isNoConsumer(error: unknown): boolean {
  return apiCode(error) === noConsumer;
}

/** Another member of the group made it at this moment. */
export function isConsumerThere(error: unknown): boolean {
  const code = apiCode(error);
  return code !== undefined && exists.has(code);
}

/** Nobody answers: JetStream is off or not ready, or the stream is gone. */
export function isNobodyThere(error: unknown): boolean {
  return chain(error).some(({ name }) => nobody.has(name)) || apiCode(error) === jetStreamOff;
}

export function isTimeout(error: unknown): boolean {
  return chain(error).some(({ name }) => name === 'TimeoutError');
}

/** What the user is told: refused when the server said no, else unavailable. */
export function failureOf(operation: string, error: unknown, timeoutMs: number): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const denied = chain(error).find(({ name }) => name === 'PermissionViolationError' || name === 'AuthorizationError');
  if (denied !== undefined) return new BrokerRefusedError('nats', operation, denied.message, { cause: error });
  if (isNobodyThere(error) || isNoStream(error)) {
    const problem =
      'JetStream does not answer: it starts, it is off (start the server with -js), or the stream is gone';
    return new BrokerUnavailableError('nats', operation, problem, { cause: error });
  }
  if (chain(error).some(({ message }) => tooLarge.test(message)))
    return new EventRefusedError(['with its headers it is larger than the server takes (max_payload)']);
  const said = chain(error).find((one): one is JetStreamApiError => one instanceof JetStreamApiError);
  if (said !== undefined && said.code < 500)
    return new BrokerRefusedError('nats', operation, said.message, { cause: error });
  const problem = isTimeout(error) ? `there was no answer within ${timeoutMs} ms` : textOf(error);
  return new BrokerUnavailableError('nats', operation, problem, { cause: error });
}

function apiCode(error: unknown): number | undefined {
  return chain(error).find((one): one is JetStreamApiError => one instanceof JetStreamApiError)?.code;
}

/** The error and its causes. */
function chain(error: unknown): Error[] {
  const found: Error[] = [];
  for (let at = error; at instanceof Error && found.length < 10; at = at.cause) found.push(at);
  return found;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
