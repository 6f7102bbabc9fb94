import type { NodeVote } from '@lockscope/core';

/** @internal What is told of a call that the storage answered. */
export function answerOf(answer: unknown, wasRefused: boolean): { readonly refused: boolean } {
  const plain = wasRefused ? refused : accepted;
  const votes = votesOf(answer);
  return votes === undefined ? plain : { ...plain, ...votes };
}

const refused = Object.freeze({ refused: true });
const accepted = Object.freeze({ refused: false });

/** @internal How the nodes of a storage voted, by its answer or its error, as part of what is told; nothing for one that is not made of several. */
export function votesOf(answer: unknown): { readonly votes: readonly NodeVote[] } | undefined {
  const votes: unknown = typeof answer === 'object' && answer !== null && 'votes' in answer ? answer.votes : undefined;
  return Array.isArray(votes) ? { votes: votes as readonly NodeVote[] } : undefined;
}
