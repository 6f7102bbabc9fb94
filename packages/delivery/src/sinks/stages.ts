import { Filter, type Guard, type Predicate } from './filter.ts';
import { Queue, type QueueOptions } from './queue.ts';
import { Retrying, type RetryingOptions } from './retrying.ts';
import type { Sink } from './sink.ts';

/** Something to stand before a sink, for {@link pipe}. */
export type Stage<In, Out = In, Made extends Sink<In> = Sink<In>> = (behind: Sink<Out>) => Made;

/** A `Queue` before what follows. */
export function queue<T = unknown>(options?: QueueOptions<T>): Stage<T, T, Queue<T>> {
  return (behind) => new Queue(behind, options);
}

/** A `Retrying` before what follows. */
export function retrying<T = unknown>(options?: RetryingOptions<T>): Stage<T, T, Retrying<T>> {
  return (behind) => new Retrying(behind, options);
}

/** A `Filter` before what follows. With a type guard what follows only has to take what that lets through. */
export function filter<T, S extends T>(guard: Guard<T, S>): Stage<T, S, Filter<T, S>>;
export function filter<T = unknown>(predicate: Predicate<T>): Stage<T, T, Filter<T>>;
export function filter<T>(predicate: Predicate<T>): Stage<T, T, Filter<T>> {
  return (behind) => new Filter(behind, predicate);
}

/**
 * Puts stages before a sink: `pipe(queue(), retrying(), sink)` is `new Queue(new Retrying(sink))`. Gives the first of them;
 * to close that closes all.
 */
export function pipe<A, B, S extends Sink<A>>(first: Stage<A, B, S>, last: Sink<B>): S;
export function pipe<A, B, C, S extends Sink<A>>(first: Stage<A, B, S>, second: Stage<B, C>, last: Sink<C>): S;
export function pipe<A, B, C, D, S extends Sink<A>>(
  first: Stage<A, B, S>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  last: Sink<D>,
): S;
export function pipe<A, B, C, D, E, S extends Sink<A>>(
  first: Stage<A, B, S>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
  last: Sink<E>,
): S;
export function pipe(...parts: readonly unknown[]): unknown {
  const stages = parts.slice(0, -1) as readonly Stage<never>[];
  return stages.reduceRight<unknown>((behind, stage) => stage(behind as Sink<never>), parts.at(-1));
}
