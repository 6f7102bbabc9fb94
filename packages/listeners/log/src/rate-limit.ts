/** Lines of one kind about one lock name in one stretch of time. */
interface Window {
  readonly lockName: string;
  readonly kind: string;
  readonly until: number;
  lines: number;
  suppressed: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Told when a window is over in which lines were left out. */
export type SuppressionNote = (lockName: string, kind: string, count: number) => void;

const maxWindows = 1000;

/** Lets so many lines of one kind about one lock name pass in a window, counts the rest and says how many they were. */
export class RateLimit {
  readonly #lines: number;
  readonly #everyMs: number;
  readonly #note: SuppressionNote;
  readonly #windows = new Map<string, Window>();
  suppressed = 0;

  constructor({ lines, everyMs }: { readonly lines: number; readonly everyMs: number }, note: SuppressionNote) {
    this.#lines = lines;
    this.#everyMs = everyMs;
    this.#note = note;
  }

  /** Whether a line may pass. `at` is its event's time in epoch milliseconds, so that a replay is limited like the real thing. */
  admit(lockName: string, kind: string, at: number): boolean {
    const window = this.#windowFor(lockName, kind, at);
    window.lines += 1;
    if (window.lines <= this.#lines) return true;
    window.suppressed += 1;
    this.suppressed += 1;
    window.timer ??= this.#closeLater(window);
    return false;
  }

  /** Says now what would be said when the windows are over. */
  flush(): void {
    for (const window of this.#windows.values()) this.#close(window);
  }

  #windowFor(lockName: string, kind: string, at: number): Window {
    const key = `${kind} ${lockName}`;
    const open = this.#windows.get(key);
    if (open !== undefined) {
      if (at < open.until) return open;
      this.#close(open);
    }
    if (this.#windows.size >= maxWindows) this.#forgetOver(at);
    // Names that were not declared may be many: what is more than the map may hold shares one window.
    if (this.#windows.size >= maxWindows && lockName !== '_other') return this.#windowFor('_other', kind, at);
    const window: Window = { lockName, kind, until: at + this.#everyMs, lines: 0, suppressed: 0, timer: undefined };
    this.#windows.set(key, window);
    return window;
  }

  #forgetOver(at: number): void {
    for (const window of this.#windows.values()) if (at >= window.until) this.#close(window);
  }

  #closeLater(window: Window): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => this.#close(window), this.#everyMs);
    timer.unref();
    return timer;
  }

  #close(window: Window): void {
    clearTimeout(window.timer);
    this.#windows.delete(`${window.kind} ${window.lockName}`);
    if (window.suppressed > 0) this.#note(window.lockName, window.kind, window.suppressed);
  }
}
