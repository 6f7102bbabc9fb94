import type { Closed, CloseOptions } from '@lockscope/delivery';

import type { ClosableDouble } from './closable-double.ts';
import { ClosedError, PlainQueue, setupOf } from './plain-queue.ts';

const refusing = 'refusing: from the call of close on every put is told that it is closed';
const scope = 'ending: leaving a scope closes it';
const before = 'ending: what was accepted before is delivered, and nothing is undelivered';
const sameTurn = 'ending: what is put in the same turn is delivered or refused';
const slow = 'ending: it waits for a destination that is slow';
const twice = 'ending: twice is fine, and gives the same';
const atOnce = 'ending: all who close at once wait for the same end';
const odd = 'ending: null and undefined are events like others';
const stuck = 'deadline: a stuck destination is given up at the signal, not before, and what is undelivered is counted';
const later = 'deadline: the signal of a later closer counts when it comes earlier';
const aborted = 'deadline: a signal that has aborted ends it at once';
const idle = 'deadline: with nothing accepted a signal that has aborted is fine';
const after = 'deadline: a signal that aborts after the end changes nothing';
const afterAll = 'deadline: what was given up is not delivered after all';
const insideFree = 'inside: who closes while an event is handled, and does not wait, gets to the end';
const insideWaits = 'inside: who closes while an event is handled, and waits for it, gets to the end at the signal';
const nothing = 'ending: with nothing accepted nothing is undelivered';

class TakesAfterClose extends PlainQueue {
  override async put(event: unknown): Promise<void> {
    this.waiting.push(event);
    this.running ??= this.drain();
  }
}

class AnyError extends PlainQueue {
  override async put(event: unknown): Promise<void> {
    if (this.closing !== undefined) throw new TypeError('cannot read properties of undefined');
    await super.put(event);
  }
}

class Forgets extends PlainQueue {
  override async end(): Promise<Closed> {
    this.over = true;
    this.waiting.length = 0;
    return { undelivered: 0 };
  }
}

class EndsAtOnce extends PlainQueue {
  override close(options?: CloseOptions): Promise<Closed> {
    if (this.closing !== undefined) return Promise.resolve({ undelivered: 0 });
    return super.close(options);
  }
}

class OnlyOnce extends PlainQueue {
  override close(options?: CloseOptions): Promise<Closed> {
    return this.closing === undefined ? super.close(options) : Promise.reject(new ClosedError('closed'));
  }
}

class NoScope extends PlainQueue {
  override async [Symbol.asyncDispose](): Promise<void> {}
}

class NoNothing extends PlainQueue {
  override async put(event: unknown): Promise<void> {
    if (event === null || event === undefined) throw new TypeError('no event');
    await super.put(event);
  }
}

class DeafToSignals extends PlainQueue {
  override follow(): void {}
}

class HeedsTheFirst extends PlainQueue {
  override follow(signal: AbortSignal | undefined): void {
    if (this.closing === undefined) super.follow(signal);
  }
}

class CountsNone extends PlainQueue {
  override lose(): void {
    super.lose();
    this.given = 0;
  }
}

class MissesTheOneInFlight extends PlainQueue {
  override lose(): void {
    this.inFlight = 0;
    super.lose();
  }
}

class GoesOn extends PlainQueue {
  override lose(): void {
    this.given = this.inFlight + this.waiting.length;
  }
}

class CountsAfterTheEnd extends PlainQueue {
  override close(options?: CloseOptions): Promise<Closed> {
    const closed = super.close(options);
    return options?.signal?.aborted === true
      ? closed.then(({ undelivered }) => ({ undelivered: undelivered + this.inFlight + (this.running ? 0 : 1) }))
      : closed;
  }
}

class LastFirst extends PlainQueue {
  override async drain(): Promise<void> {
    await Promise.resolve();
    this.waiting.reverse();
    await super.drain();
  }
}

class Twice extends PlainQueue {
  override async put(event: unknown): Promise<void> {
    await super.put(event);
    if (event === 10) this.waiting.push(event);
  }
}

class LeavesARejection extends PlainQueue {
  #used = false;

  override put(event: unknown): Promise<void> {
    this.#used = true;
    return super.put(event);
  }

  override close(options?: CloseOptions): Promise<Closed> {
    if (!this.#used && options === undefined) void Promise.reject(new Error('nobody looks at this'));
    return super.close(options);
  }
}

const double = (
  name: string,
  caughtBy: readonly string[],
  Broken: new (deliver: (event: unknown) => Promise<void>) => PlainQueue,
): ClosableDouble => ({ name, caughtBy, create: () => setupOf((deliver) => new Broken(deliver)) });

/** Things with a `close()` that have one defect each. The contract is believed only because it fails them. */
export const closableDoubles: readonly ClosableDouble[] = Object.freeze([
  double('takes events after close', [refusing, scope, aborted, idle], TakesAfterClose),
  double('refuses with an error that does not say that it is closed', [refusing, scope, aborted, idle], AnyError),
  double(
    'forgets what it had accepted',
    [sameTurn, slow, scope, atOnce, refusing, stuck, later, aborted, after, insideFree],
    Forgets,
  ),
  double('tells the second closer that all is done', [atOnce, later], EndsAtOnce),
  double('fails whoever closes again', [twice, atOnce, later, after], OnlyOnce),
  double('stays open when its scope is left', [scope], NoScope),
  double('takes no null', [odd], NoNothing),
  double('does not heed signals', [stuck, later, aborted, afterAll, insideWaits], DeafToSignals),
  double('heeds only the signal of the first closer', [later], HeedsTheFirst),
  double('counts nothing that it gave up', [stuck, later, aborted], CountsNone),
  double('does not count the event that the destination had', [stuck, later, aborted], MissesTheOneInFlight),
  double('delivers what it gave up', [afterAll], GoesOn),
  double('counts other things after the end', [idle, after, aborted], CountsAfterTheEnd),
  double('delivers the last first', [before, sameTurn, slow, atOnce, refusing, scope, insideFree, after], LastFirst),
  double('delivers one twice', [before, sameTurn], Twice),
  double('leaves a rejection that nobody handles', [nothing], LeavesARejection),
]);
