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

type Before<Out, Made> = (behind: Sink<Out>) => Made;

/**
 * Puts stages before a sink: `pipe(queue(), retrying(), sink)` is `new Queue(new Retrying(sink))`. Gives the first of them;
 * to close that closes all.
 */
export function pipe<B, S extends Sink<never>>(first: Before<B, S>, last: Sink<NoInfer<B>>): S;
export function pipe<B, C, S extends Sink<never>>(
  first: Before<B, S>,
  second: Before<C, Sink<NoInfer<B>>>,
  last: Sink<NoInfer<C>>,
): S;
export function pipe<B, C, D, S extends Sink<never>>(
  first: Before<B, S>,
  second: Before<C, Sink<NoInfer<B>>>,
  third: Before<D, Sink<NoInfer<C>>>,
  last: Sink<NoInfer<D>>,
): S;
export function pipe<B, C, D, E, S extends Sink<never>>(
  first: Before<B, S>,
  second: Before<C, Sink<NoInfer<B>>>,
  third: Before<D, Sink<NoInfer<C>>>,
  fourth: Before<E, Sink<NoInfer<D>>>,
  last: Sink<NoInfer<E>>,
): S;
export function pipe(...parts: readonly unknown[]): unknown {
  const stages = parts.slice(0, -1) as readonly Stage<never>[];
  return stages.reduceRight<unknown>((behind, stage) => stage(behind as Sink<never>), parts.at(-1));
}
