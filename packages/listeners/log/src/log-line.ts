import type { AttributeName } from '@lockscope/core';

import type { LogLevel } from './log-options.ts';

/** The fields of a line: what happened, and attributes from core's catalogue. */
export type LogFields = { 'event.name': string } & { [N in AttributeName]?: string | number | boolean };

/** One line for a logger. */
export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: LogFields;
}
