import { DeliveryError } from '../delivery-error.ts';

/** The dispatcher is closed, or is being closed: it takes nothing more. */
export class DispatcherClosedError extends DeliveryError {
  readonly code = 'DISPATCHER_CLOSED';
  readonly dispatcher: string;

  constructor(dispatcher: string) {
    super(`the dispatcher ${dispatcher} is closed`);
    this.dispatcher = dispatcher;
  }
}

/** `dispatchAll` was given no dispatcher. */
export class NoDispatcherError extends DeliveryError {
  readonly code = 'NO_DISPATCHER';

  constructor() {
    super('there is no dispatcher to dispatch to');
  }
}

/** The topic is no text, or an empty one. */
export class NoTopicError extends DeliveryError {
  readonly code = 'NO_TOPIC';

  constructor() {
    super('a topic is a text of at least one character');
  }
}

/** The event is `undefined` or `null`. */
export class NoEventError extends DeliveryError {
  readonly code = 'NO_EVENT';
  readonly topic: string;

  constructor(topic: string) {
    super(`there is no event to dispatch on ${topic}`);
    this.topic = topic;
  }
}

/** Nobody handles the topic, so the event would be lost. */
export class NoHandlerFoundError extends DeliveryError {
  readonly code = 'NO_HANDLER_FOUND';
  readonly topic: string;

  constructor(topic: string) {
    super(`no handler is registered for ${topic}`);
    this.topic = topic;
  }
}

/** A handler with this name is registered for the topic already. */
export class DuplicateHandlerNameError extends DeliveryError {
  readonly code = 'DUPLICATE_HANDLER_NAME';
  readonly topic: string;
  readonly handler: string;

  constructor(topic: string, handler: string) {
    super(`${topic} has a handler named ${handler} already`);
    this.topic = topic;
    this.handler = handler;
  }
}

/** So many events wait that no further one is taken. It was not accepted: the caller may try again. */
export class QueueLimitError extends DeliveryError {
  readonly code = 'QUEUE_LIMIT';
  readonly topic: string;
  /** The limit that is reached. */
  readonly limit: number;
  /** What the limit is on: all topics of the dispatcher, or this one. */
  readonly of: 'dispatcher' | 'topic';

  constructor(topic: string, limit: number, of: 'dispatcher' | 'topic') {
    super(`${of === 'topic' ? `the topic ${topic}` : 'the dispatcher'} has its ${limit} events already`);
    this.topic = topic;
    this.limit = limit;
    this.of = of;
  }
}

/** Another event with the same id waits or is being handled. The first one stays as it is. */
export class ConcurrentModificationError extends DeliveryError {
  readonly code = 'CONCURRENT_MODIFICATION';
  readonly topic: string;
  readonly id: string;

  constructor(topic: string, id: string, options?: ErrorOptions) {
    super(`${topic} has another event with the id ${id}`, options);
    this.topic = topic;
    this.id = id;
  }
}

/** A handler did not end within its time limit: why its signal was aborted, and what the attempt counts as. */
export class TimeLimitError extends DeliveryError {
  readonly code = 'TIME_LIMIT';
  readonly topic: string;
  readonly handler: string;
  readonly timeLimitMs: number;

  constructor(topic: string, handler: string, timeLimitMs: number) {
    super(`${handler} did not handle an event of ${topic} within ${timeLimitMs} ms`);
    this.topic = topic;
    this.handler = handler;
    this.timeLimitMs = timeLimitMs;
  }
}

/** One dispatcher that did not take an event of `dispatchAll`. */
export interface FailedDispatch {
  /** Where it stood among the arguments, from 0. */
  readonly index: number;
  /** Its name. */
  readonly dispatcher: string;
  readonly error: unknown;
}

/** Some dispatchers of `dispatchAll` did not take the event; all others have it. `errors` are theirs, in order. */
export class DispatchAllError extends AggregateError {
  readonly code = 'DISPATCH_ALL';
  /** The event's id: dispatch it with the same to the ones that failed. */
  readonly id: string;
  readonly failed: readonly FailedDispatch[];

  constructor(id: string, failed: readonly FailedDispatch[], of: number) {
    const names = failed.map(({ index, dispatcher, error }) => `${dispatcher} (argument ${index}): ${text(error)}`);
    super(
      failed.map(({ error }) => error),
      `${failed.length} of ${of} dispatchers did not take the event: ${names.join('; ')}`,
    );
    this.name = new.target.name;
    this.id = id;
    this.failed = failed;
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
