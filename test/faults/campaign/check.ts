import type { Line } from './log.ts';

/** What one client process wrote, and what was done to it. Times are those of the log. */
export interface ClientHistory {
  readonly name: string;
  readonly lines: readonly Line[];
  /** True when it was killed: what it asked last may be without an answer. */
  readonly killed?: boolean;
  /** When it was stopped in its tracks: no answer can come meanwhile. */
  readonly frozen?: readonly { readonly from: number; readonly to: number }[];
}

/** What is promised of the locks that the clients used. */
export interface Promises {
  /** How much later than `waitMs` an acquire may end, beside the time for which its process did not run. */
  readonly slackMs: number;
  /**
   * When the storage lost all it knew. A lock given before and one given after may be held together; nothing else may.
   */
  readonly forgotAt?: readonly number[];
  /** What went wrong, and when it began: named where two held a lock. */
  readonly faults?: readonly { readonly name: string; readonly at: number }[];
}

/** What came of it all. */
export interface Verdict {
  readonly possessions: number;
  readonly ends: Readonly<Record<string, number>>;
  /** By how much an acquire that did not get its lock ended after its deadline, at most; it may be below 0. */
  readonly latestEndMs: number;
  /** Each in words; empty when every promise was kept. */
  readonly problems: readonly string[];
}

interface Possession {
  readonly client: string;
  readonly id: number;
  readonly key: string;
  readonly token: number;
  readonly askedAt: number;
  /** The first and the last moment of which it is known that it believed to be the holder. */
  readonly from: number;
  to: number;
}

/**
 * Judges by what the holders were allowed to believe: from the moment an acquire returned to the last moment at which
 * `assertHeld()` let them go on. Two such spans of one key never meet, and the later one has the greater token.
 */
export function check(histories: readonly ClientHistory[], promises: Promises): Verdict {
  const problems: string[] = [];
  const possessions: Possession[] = [];
  const ends: Record<string, number> = {};
  let latestEndMs = -Infinity;
  for (const history of histories) {
    const told = follow(history, promises.slackMs);
    possessions.push(...told.possessions);
    problems.push(...told.problems);
    latestEndMs = Math.max(latestEndMs, told.latestEndMs);
    for (const how of told.ends) ends[how] = (ends[how] ?? 0) + 1;
  }
  problems.push(...overlaps(possessions, promises));
  return { possessions: possessions.length, ends, latestEndMs, problems };
}

function follow({ name, lines, killed = false, frozen = [] }: ClientHistory, slackMs: number) {
  const blocked = lines.flatMap((line) => (line.is === 'blocked' ? { from: line.from, to: line.at } : []));
  const asks = new Map<number, Extract<Line, { is: 'ask' }>>();
  const held = new Map<number, Possession>();
  const possessions: Possession[] = [];
  const problems: string[] = [];
  const ends: string[] = [];
  let latestEndMs = -Infinity;
  const answered = (id: number, at: number, granted: boolean): void => {
    const ask = asks.get(id);
    if (ask === undefined) return;
    asks.delete(id);
    const pausedNs = together([...frozen, ...blocked], ask.at, at);
    const lateMs = (at - ask.at - pausedNs) / 1e6 - ask.waitMs;
    if (!granted) latestEndMs = Math.max(latestEndMs, lateMs);
    if (lateMs > slackMs) {
      problems.push(`${name} #${id}: an acquire of ${ask.key} ended ${Math.round(lateMs)} ms after its deadline`);
    }
  };
  for (const line of lines) {
    const possession = held.get(line.id);
    if (line.is === 'ask') asks.set(line.id, line);
    else if (line.is === 'held') {
      const { key = '?', at: askedAt = line.at } = asks.get(line.id) ?? {};
      answered(line.id, line.at, true);
      const began = { client: name, id: line.id, key, token: line.token, askedAt, from: line.at, to: line.at };
      held.set(line.id, began);
      possessions.push(began);
    } else if (line.is === 'still' && possession !== undefined) possession.to = line.at;
    else if (line.is === 'end') {
      answered(line.id, line.at, false);
      held.delete(line.id);
      ends.push(line.how);
    }
  }
  if (!killed) {
    for (const { id, key } of asks.values()) problems.push(`${name} #${id}: an acquire of ${key} never ended`);
    for (const { id, key } of held.values()) problems.push(`${name} #${id}: a possession of ${key} never ended`);
  }
  return { possessions, problems, ends, latestEndMs };
}

/** How much of the time between two moments lies in any of the spans. */
function together(
  spans: readonly { readonly from: number; readonly to: number }[],
  begin: number,
  end: number,
): number {
  let sum = 0;
  let counted = begin;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const upTo = Math.min(to, end);
    sum += Math.max(0, upTo - Math.max(from, counted));
    counted = Math.max(counted, upTo);
  }
  return sum;
}

function overlaps(possessions: readonly Possession[], { forgotAt = [], faults = [] }: Promises): string[] {
  const problems: string[] = [];
  const latest = new Map<string, { last: Possession; greatest: Possession; seen: Map<number, Possession> }>();
  for (const next of possessions.toSorted((a, b) => a.from - b.from)) {
    const before = latest.get(next.key);
    if (before === undefined) {
      latest.set(next.key, { last: next, greatest: next, seen: new Map([[next.token, next]]) });
      continue;
    }
    const { last, greatest, seen } = before;
    if (next.from <= last.to && !forgottenBetween(last, next, forgotAt)) {
      const forMs = (Math.min(last.to, next.to) - next.from) / 1e6;
      problems.push(
        `${next.key}: ${text(next)} began while ${text(last)} held it, ${forMs.toFixed(2)} ms before its end${since(faults, next.from)}`,
      );
    }
    const twin = seen.get(next.token);
    if (twin !== undefined)
      problems.push(`${next.key}: ${text(next)} has a token that was given before: ${text(twin)}`);
    else if (next.token < greatest.token && !forgottenBetween(next, greatest, forgotAt)) {
      problems.push(`${next.key}: ${text(next)} came after ${text(greatest)}`);
    }
    seen.set(next.token, next);
    if (next.to >= last.to) before.last = next;
    if (next.token > greatest.token) before.greatest = next;
  }
  return problems;
}

/**
 * Whether the storage can have given the lock to one, forgotten that, and given it to the other. The one whose token is
 * smaller was given it first, maybe long before its answer arrived, but not before it asked.
 */
function forgottenBetween(one: Possession, other: Possession, forgotAt: readonly number[]): boolean {
  const [first, second] = one.token < other.token ? [one, other] : [other, one];
  return forgotAt.some((at) => at >= first.askedAt && at <= second.from);
}

function since(faults: readonly { readonly name: string; readonly at: number }[], at: number): string {
  const last = faults.filter((fault) => fault.at <= at).at(-1);
  return last === undefined ? '' : `, ${Math.round((at - last.at) / 1e6)} ms after this began: ${last.name}`;
}

function text({ client, id, token }: Possession): string {
  return `${client} #${id} (token ${token})`;
}
