import { BrokerRefusedError, BrokerUnavailableError, DeliveryError } from '@lockscope/delivery';

/** Answers of a server that could, and does not. Others that begin like an answer, `LOADING` for one, pass by themselves. */
const refusals = /^(?:ERR|WRONGTYPE|NOAUTH|WRONGPASS|NOPERM|OOM|MISCONF|EXECABORT)\b/;

/** What the user is told. */
export function failureOf(operation: string, error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const text = messageOf(error);
  if (refusals.test(text)) return new BrokerRefusedError('redis', operation, text, { cause: error });
  return new BrokerUnavailableError('redis', operation, text, { cause: error });
}

export function isGroupThere(error: unknown): boolean {
  return messageOf(error).startsWith('BUSYGROUP');
}

export function isNoKey(error: unknown): boolean {
  return /no such key/i.test(messageOf(error));
}

/** The server has not seen the script, or has lost it. */
export function isNoScript(error: unknown): boolean {
  return messageOf(error).startsWith('NOSCRIPT');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
