/** A reading of the clock that all who share the folder go by. */
export interface Moment {
  /** Milliseconds in this run of the clock. */
  readonly now: number;
  /** Names the run: of the machine, where its clock counts. */
  readonly run: string;
  /** What a time of this run is to be added to for an epoch time. */
  readonly startedAt: number;
  /** By how much two readings at the same time may differ. */
  readonly toleranceMs: number;
}
