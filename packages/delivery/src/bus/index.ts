export { createMessage, type MessageInit } from './create-message.ts';
export { decodeMessage, type DecodeMessageOptions } from './decode-message.ts';
export { encodeMessage } from './encode-message.ts';
export type { Message } from './message.ts';
export { MessageFormatError } from './message-format-error.ts';
