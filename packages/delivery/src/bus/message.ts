/**
 * An event or a command with what has to be known about it on its way. Frozen, but for its data, which is its maker's.
 * The names are those of CloudEvents 1.0 (https://github.com/cloudevents/spec), which is also the form on the wire.
 */
export interface Message<Type extends string = string, Data = unknown> {
  /** Unique; a message that is delivered again has the same. */
  readonly id: string;
  /** What it is: `payment.created`. */
  readonly type: Type;
  /** Who made it: a service, `orders`. */
  readonly source: string;
  /** When it was made, in epoch milliseconds. */
  readonly time: number;
  readonly data: Data;
  /** What it is about, within its source: the aggregate's id, `order-42`. */
  readonly subject?: string;
  /** Of the aggregate that it tells of, counted from 0, at most 2147483647. */
  readonly version?: number;
  /** Common to all messages that one first message led to: the id of that one. */
  readonly correlationId: string;
  /** The id of the message that led to this one. Absent in the first. */
  readonly causationId?: string;
  /** The W3C trace context it belongs to. */
  readonly traceparent?: string;
  /** Whatever else goes with it. */
  readonly headers: Readonly<Record<string, string>>;
}
