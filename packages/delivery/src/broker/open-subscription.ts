import type { Closed, CloseOptions } from '../closable.ts';
import type { Subscription, SubscriptionStats } from './broker.ts';

/** What a subscription consists of, for those who write a broker. */
export interface SubscriptionParts {
  readonly subject: string;
  /** Closes it, without waiting for handlers. */
  readonly signal: AbortSignal | undefined;
  /** Resolves when it has begun. */
  readonly ready: Promise<void>;
  stats(): SubscriptionStats;
  /** Called for every close; the first of them begins, all get the same end. */
  close(options?: CloseOptions): Promise<Closed>;
  /** Told once, when it begins to close. */
  closing(): void;
}

/** The subscription that a user gets. Nothing of it can become an unhandled rejection. */
export function openSubscription(parts: SubscriptionParts): Subscription {
  const { subject, signal, ready } = parts;
  ready.catch(() => undefined);
  let told = false;
  const close = (options?: CloseOptions): Promise<Closed> => {
    if (!told) {
      told = true;
      signal?.removeEventListener('abort', abort);
      parts.closing();
    }
    return parts.close(options);
  };
  const abort = (): void => {
    close({ signal: AbortSignal.abort() }).catch(() => undefined);
  };
  const subscription: Subscription = {
    subject,
    ready,
    get stats() {
      return parts.stats();
    },
    close,
    [Symbol.asyncDispose]: async () => void (await close()),
  };
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  return subscription;
}
