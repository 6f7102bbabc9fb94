export type { BusEvents, BusEventsOptions, DropReason } from './bus-events.ts';
export type { Bus, BusOptions, BusStats, PublishInit, TypeAndData } from './bus.ts';
export { createBus } from './create-bus.ts';
export { BusClosedError, CommandsClosedError } from './closed-errors.ts';
export { DuplicateHandlerError, NoHandlerError } from './command-errors.ts';
export {
  createCommands,
  type CommandData,
  type CommandHandler,
  type CommandResult,
  type Commands,
  type CommandsOptions,
  type CommandsStats,
} from './commands.ts';
export { createMessage, type MessageInit } from './create-message.ts';
export { decodeMessage, type DecodeMessageOptions } from './decode-message.ts';
export { encodeMessage } from './encode-message.ts';
export type { HandlerContext } from './handlers.ts';
export type { Message } from './message.ts';
export { MessageFormatError } from './message-format-error.ts';
export type { BusPattern, MessageMatching, MessageOf, TypeOf } from './patterns.ts';
