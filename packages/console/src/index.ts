export type { Phase } from './board.ts';
export type { ConsoleOptions } from './console-options.ts';
export type { RequestHandler } from './console-server.ts';
export { createConsole, type LockConsole } from './console.ts';
export { ConsoleListenError } from './errors.ts';
export { InvalidOptionsError } from '@lockscope/core';
export type {
  BlockerView,
  HolderView,
  HoldView,
  LockView,
  LossView,
  NoteView,
  PageLink,
  PastWait,
  ProcessView,
  SpanView,
  Totals,
  View,
  WaiterView,
  WaitView,
} from './page/view.ts';
