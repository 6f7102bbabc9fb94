/** What was measured on one machine with the same versions of everything, as it is saved. */
export interface Results {
  readonly node: string;
  readonly cpus: number;
  /** Of servers, clients and all that is compared. */
  readonly versions: Readonly<Record<string, string>>;
  readonly measurements: readonly Measurement[];
}

/** One table, of one run. */
export interface Measurement {
  /** When it was done. ISO 8601, UTC. */
  readonly date: string;
  /** The load average of the machine over the minute before: above the number of its cores, others ran too. */
  readonly load: number;
  /** By which a README asks for it: `redis-contended-64`. */
  readonly id: string;
  /** Which columns it has, see `tables.mjs`. */
  readonly kind: 'uncontended' | 'handover' | 'contended' | 'rush';
  readonly title: string;
  /** What else one has to know to measure it again. */
  readonly how: string;
  /** How far the base was off from itself: 0.02 is 2 %. Absent where there is no base. */
  readonly noise?: number;
  readonly rows: readonly Row[];
}

/** What one of the peers did. The numbers are those that the kind of the measurement has. */
export interface Row {
  readonly peer: string;
  readonly name: string;
  readonly numbers: Readonly<Record<string, number>>;
  /** Each round for itself, of what rounds tell. */
  readonly rounds?: Readonly<Record<string, readonly number[]>>;
}
