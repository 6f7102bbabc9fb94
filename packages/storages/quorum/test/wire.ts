import {
  StorageError,
  type AcquireRequest,
  type Clock,
  type LeaseUpdate,
  type ListOptions,
  type LockStorage,
  type StorageCapabilities,
} from '@lockscope/storage';

/** What becomes of one call. Lost: nobody ever hears of it; refused: the caller is told of the loss. */
export interface Fate {
  readonly there: number;
  readonly question: 'arrives' | 'lost' | 'refused';
  readonly back: number;
  readonly answer: 'arrives' | 'lost' | 'refused';
}

/** A storage at the other end of a bad line. Calls may overtake each other. */
export class Wire implements LockStorage {
  readonly name: string;
  readonly capabilities: StorageCapabilities;
  readonly #make: () => LockStorage;
  readonly #clock: Clock;
  readonly #fate: () => Fate;
  #storage: LockStorage;
  #away = false;
  #lives = 0;

  constructor(make: () => LockStorage, clock: Clock, fate: () => Fate) {
    this.#make = make;
    this.#clock = clock;
    this.#fate = fate;
    this.#storage = make();
    this.name = this.#storage.name;
    this.capabilities = this.#storage.capabilities;
  }

  goAway(): void {
    this.#away = true;
    this.#lives += 1;
  }

  comeBackEmpty(): void {
    this.#storage = this.#make();
    this.#away = false;
  }

  acquire(request: AcquireRequest): ReturnType<LockStorage['acquire']> {
    return this.#call('acquire', (storage) => storage.acquire(request));
  }

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): ReturnType<LockStorage['renew']> {
    return this.#call('renew', (storage) => storage.renew(key, leaseId, leaseMs, update));
  }

  release(key: string, leaseId: string): ReturnType<LockStorage['release']> {
    return this.#call('release', (storage) => storage.release(key, leaseId));
  }

  forceRelease(key: string): ReturnType<LockStorage['forceRelease']> {
    return this.#call('force release', (storage) => storage.forceRelease(key));
  }

  read(key: string): ReturnType<LockStorage['read']> {
    return this.#call('read', (storage) => storage.read(key));
  }

  list(options?: ListOptions): ReturnType<LockStorage['list']> {
    return this.#storage.list(options);
  }

  close(): Promise<void> {
    return this.#storage.close();
  }

  async #call<T>(operation: string, run: (storage: LockStorage) => Promise<T>): Promise<T> {
    const { there, question, back, answer } = this.#fate();
    const life = this.#lives;
    await this.#pass(there);
    // A question on its way to a storage that went is lost with the connection.
    if (this.#away || life !== this.#lives) throw new StorageError(this.name, operation, 'it is away');
    await this.#meets(question, operation);
    const result = await run(this.#storage);
    await this.#pass(back);
    await this.#meets(answer, operation);
    return result;
  }

  async #meets(end: Fate['question'], operation: string): Promise<void> {
    if (end === 'lost') await new Promise<never>(() => undefined);
    if (end === 'refused') throw new StorageError(this.name, operation, 'the connection broke');
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, ms));
  }
}
