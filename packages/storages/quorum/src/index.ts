export { quorum } from './quorum.ts';
export { QuorumOptionsError, type QuorumOptions } from './quorum-options.ts';
