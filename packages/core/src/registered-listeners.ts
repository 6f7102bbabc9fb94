import type { ListenerInput } from './listener.ts';
import type { Removal } from './removal.ts';

/** @internal What takes part in {@link registerListener}. */
export interface Member {
  add(listener: ListenerInput): Removal;
}

/** One registration, so that the same listener can be registered twice. */
interface Registration {
  readonly listener: ListenerInput;
  /** The ways out, by the set that was joined; a set that nobody uses any more takes its own along. */
  readonly joined: WeakMap<Member, Removal>;
}

interface Registry {
  readonly registrations: Set<Registration>;
  members: WeakRef<Member>[];
  sweepAt: number;
}

const symbol = Symbol.for('lockscope.registered-listeners');
const fewest = 64;

/** One for the process, however many copies of this package it has. */
function registry(): Registry {
  const place = globalThis as { [symbol]?: Registry };
  return (place[symbol] ??= { registrations: new Set(), members: [], sweepAt: fewest });
}

/**
 * Adds a listener to everything in this process that tells events: to all locks that were made and to all that will be
 * made, in this copy of the package and in others. For instrumentation that is loaded before the program and does not
 * know its locks; a program that makes its locks itself gives them their listeners.
 *
 * Returns the way out, from all of them.
 *
 * @throws {TypeError} when it is no listener; then it was added nowhere.
 */
export function registerListener(listener: ListenerInput): Removal {
  if (typeof listener !== 'function' && typeof (listener as { name?: unknown } | null)?.name !== 'string')
    throw new TypeError(`a listener is a function or an object with a name, got ${typeof listener}`);
  const { registrations } = registry();
  const registration: Registration = { listener, joined: new WeakMap() };
  registrations.add(registration);
  for (const member of living()) admit(member, registration);
  const remove = (): void => {
    if (!registrations.delete(registration)) return;
    for (const member of living()) registration.joined.get(member)?.();
  };
  return Object.assign(remove, { [Symbol.dispose]: remove });
}

/** @internal A set that has its own listeners gets those that are registered for all. */
export function join(member: Member): void {
  const all = registry();
  // Those that are gone are forgotten when there are twice as many as last time.
  if (all.members.length >= all.sweepAt) {
    all.members = all.members.filter((ref) => ref.deref() !== undefined);
    all.sweepAt = Math.max(fewest, 2 * all.members.length);
  }
  all.members.push(new WeakRef(member));
  for (const registration of all.registrations) admit(member, registration);
}

function admit(member: Member, registration: Registration): void {
  registration.joined.set(member, member.add(registration.listener));
}

function living(): Member[] {
  return registry().members.flatMap((ref) => ref.deref() ?? []);
}
