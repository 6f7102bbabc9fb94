import type { LockStorage } from '@lockscope/storage';

/** In which operation something happens. A release of a lock that others wait for hands it over. */
export type StruckOperation = 'acquire' | 'renew' | 'release' | 'hand-over';

/** Something that is to happen in the middle of the next operation of a kind. */
export interface Strike {
  readonly operation: StruckOperation;
  /** How long after the operation has begun. */
  readonly afterUs: number;
  readonly strike: () => void;
}

/** A storage in the middle of whose operations something can be made to happen. It answers like the other. */
export class StrikingStorage {
  readonly storage: LockStorage;
  #next: Strike | undefined;

  /** `isShared` says of which keys a release is a hand-over. */
  constructor(inner: LockStorage, isShared: (key: string) => boolean) {
    const during = <T>(operation: StruckOperation, call: () => Promise<T>): Promise<T> => {
      const strike = this.#next?.operation === operation ? this.#next : undefined;
      if (strike === undefined) return call();
      this.#next = undefined;
      const answer = call();
      void soon(strike.afterUs).then(strike.strike);
      return answer;
    };
    const own: Partial<LockStorage> = {
      acquire: (request) => during('acquire', () => inner.acquire(request)),
      renew: (key, ...rest) => during('renew', () => inner.renew(key, ...rest)),
      ...(inner.renewMany && { renewMany: (requests) => during('renew', () => inner.renewMany!(requests)) }),
      release: (key, leaseId) => during(isShared(key) ? 'hand-over' : 'release', () => inner.release(key, leaseId)),
    };
    this.storage = new Proxy(inner, {
      get: (target, name) => {
        const replaced = own[name as keyof LockStorage];
        if (replaced !== undefined) return replaced;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  /** At the next operation of its kind. Replaces one that has not come yet. */
  arm(strike: Strike): void {
    this.#next = strike;
  }
}

/** Microseconds, while the event loop turns: a timer knows only milliseconds. */
async function soon(us: number): Promise<void> {
  const due = performance.now() + us / 1_000;
  while (performance.now() < due) await new Promise((turn) => setImmediate(turn));
}
