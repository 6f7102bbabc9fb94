/** What one of the storages behind a storage made of storages said. All are asked at the same time. */
export interface Vote {
  /** Which one; few-valued, the same in every answer: `redis-1`. */
  readonly node: string;
  /** `failed`: it rejected, so its outcome is unknown. `late`: it had not answered when the vote was over. */
  readonly vote: 'granted' | 'refused' | 'failed' | 'late';
  /** From the question to its answer, or to the end of the vote; milliseconds on the monotonic clock. */
  readonly ms: number;
  /** Why it failed, or what was wrong with its answer. */
  readonly problem?: string;
}
