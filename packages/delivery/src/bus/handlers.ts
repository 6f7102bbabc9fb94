import type { Message } from './message.ts';
import { checkPattern, isWildcard, patternsOf } from './patterns.ts';

/** What a handler is told beside the message. */
export interface HandlerContext {
  /** Aborts when nobody waits for the work any more: a close gave it up or, where there is one, its limit is over. */
  readonly signal: AbortSignal;
}

/** What is called with a message. What it gives or throws is a result. */
export type AnyHandler = (message: Message, context: HandlerContext) => unknown;

/** A handler at its place. */
export interface Registration {
  readonly pattern: string;
  readonly handler: AnyHandler;
  readonly once: boolean;
  readonly place: number;
  /** How many registered it; nobody any more when 0, and then it is not called. */
  holds: number;
}

/** So many types are kept with their handlers; types may come from outside, and each of them may be new. */
const maxKnown = 1000;
const nobody: readonly Registration[] = Object.freeze([]);

/** Who handles which type, in the order in which they came. */
export class Handlers {
  readonly #byPattern = new Map<string, Map<unknown, Registration>>();
  /** What was found for a type, until something changes. The lists never change, so they can be walked meanwhile. */
  readonly #known = new Map<string, readonly Registration[]>();
  #places = 0;

  /**
   * A handler that is there already for a pattern is held once more.
   *
   * @throws {InvalidOptionsError} and adds nothing when one of the patterns is none.
   */
  addAll(patterns: readonly string[], handler: AnyHandler, once: boolean): Registration[] {
    for (const pattern of patterns) checkPattern(pattern);
    return patterns.map((pattern) => this.#add(pattern, handler, once));
  }

  #add(pattern: string, handler: AnyHandler, once: boolean): Registration {
    let ofPattern = this.#byPattern.get(pattern);
    if (ofPattern === undefined) this.#byPattern.set(pattern, (ofPattern = new Map()));
    const there = once ? undefined : ofPattern.get(handler);
    if (there !== undefined) {
      there.holds += 1;
      return there;
    }
    const registration = { pattern, handler, once, place: (this.#places += 1), holds: 1 };
    ofPattern.set(once ? registration : handler, registration);
    this.#changed(pattern);
    return registration;
  }

  release(registration: Registration): void {
    const { pattern, handler, once } = registration;
    if (registration.holds === 0 || (registration.holds -= 1) > 0) return;
    const ofPattern = this.#byPattern.get(pattern);
    ofPattern?.delete(once ? registration : handler);
    if (ofPattern?.size === 0) this.#byPattern.delete(pattern);
    this.#changed(pattern);
  }

  /** Whom a message of that type goes to. */
  of(type: string): readonly Registration[] {
    return this.#known.get(type) ?? this.#find(type);
  }

  #find(type: string): readonly Registration[] {
    const found = patternsOf(type).flatMap((pattern) => [...(this.#byPattern.get(pattern)?.values() ?? [])]);
    found.sort((a, b) => a.place - b.place);
    const seen = new Set<AnyHandler>();
    const list = found.filter(({ handler, once }) => once || (!seen.has(handler) && seen.add(handler)));
    if (this.#known.size === maxKnown) this.#known.clear();
    this.#known.set(type, list.length === 0 ? nobody : list);
    return list;
  }

  #changed(pattern: string): void {
    if (isWildcard(pattern)) this.#known.clear();
    else this.#known.delete(pattern);
  }
}
