import { checkDispatch } from './checks.ts';
import type { DispatchOptions } from './dispatcher.ts';
import { DispatchAllError, NoDispatcherError } from './errors.ts';
import { eventIds } from './event-ids.ts';

const nextId = eventIds();

/** Whatever takes events of a topic: every dispatcher that has it among its topics. */
export interface TakesTopic<Topic extends string, Event> {
  readonly name: string;
  readonly dispatch: (topic: Topic, event: Event, options?: DispatchOptions) => Promise<string>;
}

/**
 * Gives one event, with one id, to several dispatchers: all are asked, in the order of the argument, and none waits for
 * another. Resolves with the id when all have taken it.
 *
 * @throws {DispatchAllError} naming each that did not take it; the others have it.
 * @throws {NoDispatcherError} {@link NoTopicError} {@link NoEventError} {@link InvalidOptionsError} before any is asked.
 */
export async function dispatchAll<Topic extends string, Event>(
  topic: Topic,
  event: Event,
  dispatchers: readonly TakesTopic<Topic, Event>[],
  options: DispatchOptions = {},
): Promise<string> {
  checkDispatch(topic, event, options);
  if (!Array.isArray(dispatchers) || dispatchers.length === 0) throw new NoDispatcherError();
  const id = options.id ?? nextId();
  const asked = dispatchers.map(async (dispatcher) => dispatcher.dispatch(topic, event, { ...options, id }));
  const results = await Promise.allSettled(asked);
  const failed = results.flatMap((result, index) =>
    result.status === 'fulfilled'
      ? []
      : [{ index, dispatcher: dispatchers[index]?.name ?? '?', error: result.reason as unknown }],
  );
  if (failed.length > 0) throw new DispatchAllError(id, failed, dispatchers.length);
  return id;
}
