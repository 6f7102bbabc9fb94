/** @internal The one run of the caller's function that a listener may be around. */
export class Turn<R> {
  readonly #fn: () => R;
  #running = false;
  #ran: { readonly gave: R } | { readonly threw: unknown } | undefined = undefined;

  constructor(fn: () => R) {
    this.#fn = fn;
  }

  /** Runs the function the first time, and gives or throws what came of it each time. Bound, to be handed out. */
  readonly take = (): R => {
    if (this.#ran === undefined) this.#run();
    if (this.#ran !== undefined && 'gave' in this.#ran) return this.#ran.gave;
    throw this.#ran?.threw;
  };

  get taken(): boolean {
    return this.#ran !== undefined;
  }

  gave(value: unknown): boolean {
    return this.#ran !== undefined && 'gave' in this.#ran && this.#ran.gave === value;
  }

  threw(error: unknown): boolean {
    return this.#ran !== undefined && 'threw' in this.#ran && this.#ran.threw === error;
  }

  /** True when the function gave a promise that was rejected with this: then the listener only passed it on. */
  async rejectedWith(error: unknown): Promise<boolean> {
    // Nothing but a real promise is asked: there are builders whose `then` starts the work.
    if (this.#ran === undefined || !('gave' in this.#ran && this.#ran.gave instanceof Promise)) return false;
    return this.#ran.gave.then(
      () => false,
      (own: unknown) => own === error,
    );
  }

  #run(): void {
    if (this.#running) throw new Error('the function that around() was given is running already');
    this.#running = true;
    try {
      this.#ran = { gave: this.#fn() };
    } catch (threw) {
      this.#ran = { threw };
    }
  }
}
