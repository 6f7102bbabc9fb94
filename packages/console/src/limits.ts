/** What a console keeps at most: about 20 MB when all of it is full. */
export const limits = {
  /** How far back the timeline goes, in milliseconds. */
  windowMs: 60_000,
  /** Locks at a time. When there are more, the one that was idle longest goes; busy ones never do. */
  locks: 100,
  /** Possessions and waits of one lock. The oldest that has ended goes first. */
  spansPerLock: 300,
  /** Lines of what happened: as many notable ones, and as many of all. */
  notes: 200,
  losses: 100,
  /** Processes, running or gone. One that is gone goes first. */
  processes: 100,
  /** Colours of processes. When there are more processes, some share one. */
  colours: 10,
  /** Names whose declared longest possession is remembered. */
  names: 500,
  /** Characters of a name, an operation, a reason. */
  text: 200,
} as const;
