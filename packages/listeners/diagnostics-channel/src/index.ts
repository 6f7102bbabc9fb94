export { channelNames, diagnosticsChannel } from './diagnostics-channel.ts';
export type { LockAction, LockTrace } from './messages.ts';
