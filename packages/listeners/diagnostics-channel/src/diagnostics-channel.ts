import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';
import type { Action, Event, EventType, Listener } from '@lockscope/core';

import { isHeard, moments, operations, plainChannels, runName, steps, tracingChannels } from './channels.ts';
import type { LockAction, LockTrace } from './messages.ts';
import { publish } from './publish.ts';
import { TracedRun } from './traced-run.ts';

/** Every channel: what to subscribe to. Of those that begin with `tracing:`, each has the five of a tracing channel. */
export const channelNames: readonly string[] = Object.freeze([
  ...[...Object.values(operations), 'run'].map((operation) => `tracing:lockscope:${operation}`),
  ...Object.values(moments),
  ...Object.values(steps),
]);

/**
 * A listener that publishes what locks do on channels of `node:diagnostics_channel`, as clients of databases and web
 * frameworks do: an APM subscribes without knowing anything else of Lockscope. Where nobody subscribes nothing is
 * published and nothing is made. What a subscriber throws or rejects with is counted and reported as a fault of this
 * listener; it reaches neither the lock nor the process nor other subscribers.
 */
export function diagnosticsChannel(): Listener {
  return new Publisher();
}

const types = [...Object.keys(operations), ...Object.keys(moments)] as readonly EventType[];

class Publisher implements Listener {
  readonly name = 'diagnostics-channel';
  readonly types: readonly EventType[] = types;
  readonly #operations = tracingChannels();
  readonly #moments = plainChannels(moments);
  readonly #steps = plainChannels(steps);
  readonly #run: TracingChannel<unknown, object> = tracingChannel<unknown, object>(runName);
  /** Who was there at the start hears of the end. */
  readonly #traces = new WeakMap<Event, LockTrace>();

  onStart(event: Event): Promise<void> | undefined {
    const channels = this.#operations.get(event.type);
    if (channels === undefined || !isHeard(channels)) return undefined;
    const trace: LockTrace = { event };
    this.#traces.set(event, trace);
    return all(
      () => publish(channels.start, trace),
      () => publish(channels.end, trace),
    );
  }

  onAction(event: Event, action: Action): Promise<void> | undefined {
    const channel = this.#steps.get(action.name);
    return channel?.hasSubscribers === true ? publish(channel, { event, action } satisfies LockAction) : undefined;
  }

  on(event: Event): Promise<void> | undefined {
    const moment = this.#moments.get(event.type);
    if (moment !== undefined)
      return moment.hasSubscribers ? publish(moment, { event } satisfies LockAction) : undefined;
    const channels = this.#operations.get(event.type);
    const trace = this.#traces.get(event);
    if (channels === undefined || trace === undefined) return undefined;
    this.#traces.delete(event);
    if (event.error === undefined && event.outcome !== undefined) trace.result = event.outcome;
    else if (event.error !== undefined) trace.error = event.error;
    return all(
      () => (trace.error === undefined ? undefined : publish(channels.error, trace)),
      () => publish(channels.asyncStart, trace),
      () => publish(channels.asyncEnd, trace),
    );
  }

  /** The caller's code, as one traced operation, in the contexts that were bound to its start. */
  around<T>(event: Event, fn: () => T): T {
    return isHeard(this.#run) ? new TracedRun(this.#run, event).run(fn) : fn();
  }
}

/** Does all of it, whatever the others throw, then throws the first fault. */
function all(...tell: readonly (() => Promise<void> | undefined)[]): Promise<void> | undefined {
  const faults: unknown[] = [];
  const given = tell.flatMap((one) => {
    try {
      return one() ?? [];
    } catch (error) {
      faults.push(error);
      return [];
    }
  });
  if (faults.length > 0) throw faults[0];
  return given.length > 0 ? Promise.all(given).then(() => undefined) : undefined;
}
