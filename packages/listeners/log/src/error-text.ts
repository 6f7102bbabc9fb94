import type { EventError } from '@lockscope/core';

import { plainText } from './plain-text.ts';

/** An error on one line: its code, or its class, and what it says. */
export function errorText({ code, name, message }: EventError): string {
  return `${plainText(code ?? name)}: ${plainText(message)}`;
}
