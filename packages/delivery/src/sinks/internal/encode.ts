import { EncodingError } from '../encoding-error.ts';

/** JSON of an event; what JSON cannot say is an `EncodingError`. */
export function toJson(event: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(event);
  } catch (error) {
    throw new EncodingError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  if (text === undefined) throw new EncodingError(`JSON has no words for ${typeof event}`);
  return text;
}
