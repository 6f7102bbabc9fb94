import { encodeEvent, InvalidOptionsError, unknownOptions, type Event, type Listener } from '@lockscope/core';
import type { Broker } from './broker.ts';
import { Output, outputProblems, type BrokerOutput, type BrokerOutputOptions } from './broker-output.ts';
import { isSubject } from './subjects.ts';

/** Where lock events go unless said otherwise. */
export const lockEventsSubject = 'lock-events';

/** The header that says who tells. */
export const sourceHeader = 'lockscope-source';

/** Options of {@link brokerListener}. */
export interface BrokerListenerOptions extends Omit<BrokerOutputOptions<Event>, 'capacity'> {
  /** Where events are published. Default `lock-events`. */
  readonly subject?: string;
  /** Who tells: whoever collects the events of many processes sees it beside each. `orders-7f9c:4121`. */
  readonly source?: string;
  /** How many events may wait while the broker is away or slow. Default 10,000. */
  readonly bufferSize?: number;
  /** Which events. Default: all. */
  readonly types?: Listener['types'];
}

const known = new Set([
  'subject',
  'source',
  'bufferSize',
  'types',
  'onFull',
  'inFlight',
  'maxPauseMs',
  'onDrop',
  'onError',
]);

/** A listener that publishes, and its buffer. */
export type BrokerListener = Listener & Omit<BrokerOutput<Event>, 'push'>;

/**
 * Publishes each event of locks when it has ended. The lock pays for a push into a bounded buffer, whatever becomes of
 * the broker; the event becomes a text later. Close it, then the broker, before the process ends.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function brokerListener(broker: Broker, options: BrokerListenerOptions = {}): BrokerListener {
  const { subject = lockEventsSubject, source, bufferSize, types, ...rest } = options;
  const outputOptions = { ...rest, ...(bufferSize !== undefined && { capacity: bufferSize }) };
  const problems = unknownOptions(options, known);
  if (!isSubject(subject)) problems.push(`subject must be words with dots between them, got ${String(subject)}`);
  problems.push(...outputProblems(outputOptions, 'bufferSize'));
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const headers = source === undefined ? undefined : { [sourceHeader]: source };
  const encoder = new TextEncoder();
  const output = new Output<Event>(
    broker,
    (event) => ({ subject, body: encoder.encode(encodeEvent(event)), headers, id: event.id }),
    outputOptions,
  );
  return {
    name: 'broker',
    ...(types !== undefined && { types }),
    on: (event) => void output.push(event),
    get stats() {
      return output.stats;
    },
    flush: () => output.flush(),
    close: (closeOptions) => output.close(closeOptions),
    [Symbol.asyncDispose]: () => output[Symbol.asyncDispose](),
  };
}
