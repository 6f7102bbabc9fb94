import { limits } from './limits.ts';
import type { ProcessView } from './page/view.ts';

interface Process {
  readonly name: string;
  readonly colour: number;
  pid: number | undefined;
  about: string | undefined;
  gone: string | undefined;
  goneAt: number | undefined;
}

/** The processes that tell of their locks, each with a colour of its own while there are enough. */
export class ProcessList {
  readonly #processes = new Map<string, Process>();

  /** Known from now on. False when there are too many. */
  meet(name: string, facts: { readonly pid?: number | undefined; readonly about?: string | undefined } = {}): boolean {
    const known = this.#processes.get(name);
    if (known !== undefined) {
      known.pid = facts.pid ?? known.pid;
      known.about = facts.about ?? known.about;
      return true;
    }
    if (this.#processes.size >= limits.processes && !this.#forgetOne()) return false;
    const { pid, about } = facts;
    this.#processes.set(name, { name, colour: this.#freeColour(), pid, about, gone: undefined, goneAt: undefined });
    return true;
  }

  leave(name: string, reason: string, at: number): void {
    const process = this.#processes.get(name);
    if (process === undefined || process.goneAt !== undefined) return;
    process.gone = reason;
    process.goneAt = at;
  }

  get(name: string): Readonly<Process> | undefined {
    return this.#processes.get(name);
  }

  /** The one process of this id; undefined when there is none, or more than one. */
  byPid(pid: number | undefined): string | undefined {
    if (pid === undefined) return undefined;
    const found = [...this.#processes.values()].filter((process) => process.pid === pid);
    return found.length === 1 ? found[0]?.name : undefined;
  }

  /** Forgets those that were gone before `horizon`, unless they still hold something. */
  prune(horizon: number, holding: ReadonlySet<string>): void {
    for (const { name, goneAt } of this.#processes.values()) {
      if (goneAt !== undefined && goneAt < horizon && !holding.has(name)) this.#processes.delete(name);
    }
  }

  views(): ProcessView[] {
    return [...this.#processes.values()].map(({ name, colour, pid, about, gone, goneAt }) => ({
      name,
      colour,
      ...(pid !== undefined && { pid }),
      ...(about !== undefined && { about }),
      ...(gone !== undefined && { gone }),
      ...(goneAt !== undefined && { goneAt }),
    }));
  }

  /** One that nobody has, else the one whose last process has been gone longest, else one of a running process. */
  #freeColour(): number {
    const lastUse = Array.from({ length: limits.colours }, () => -Infinity);
    for (const { colour, goneAt } of this.#processes.values())
      lastUse[colour] = Math.max(lastUse[colour] ?? -Infinity, goneAt ?? Infinity);
    const oldest = Math.min(...lastUse);
    return oldest === Infinity ? this.#processes.size % limits.colours : lastUse.indexOf(oldest);
  }

  #forgetOne(): boolean {
    for (const { name, goneAt } of this.#processes.values()) {
      if (goneAt !== undefined) return this.#processes.delete(name);
    }
    return false;
  }
}
