/** How much of everything. */
export interface Scale {
  readonly uncontended: { readonly rounds: number; readonly roundMs: number; readonly parallel: number };
  readonly handover: { readonly rounds: number; readonly samples: number };
  readonly contended: {
    readonly rounds: number;
    readonly warmMs: number;
    readonly runMs: number;
    readonly processes: number;
    readonly workers: number;
  };
  readonly rush: { readonly rounds: number; readonly contenders: readonly number[] };
}

/** What tables are made of: some 20 minutes. */
export const full: Scale = {
  uncontended: { rounds: 21, roundMs: 200, parallel: 64 },
  handover: { rounds: 10, samples: 12 },
  contended: { rounds: 3, warmMs: 300, runMs: 2000, processes: 8, workers: 64 },
  rush: { rounds: 3, contenders: [50, 300] },
};

/** Shows that everything runs; its numbers say nothing. */
export const quick: Scale = {
  uncontended: { rounds: 1, roundMs: 5, parallel: 8 },
  handover: { rounds: 1, samples: 1 },
  contended: { rounds: 1, warmMs: 20, runMs: 100, processes: 2, workers: 3 },
  rush: { rounds: 1, contenders: [4] },
};
