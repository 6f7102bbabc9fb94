import type { ListenerSet } from '../src/index.ts';
import type { HandClock } from './hand-clock.ts';

export const orders = {
  lockName: 'orders/{id}',
  lockKey: 'orders/42',
  ownerId: 'owner-1',
  operation: 'POST /orders',
  storageName: 'memory',
} as const;

/** Tells what a lock tells that was busy at first, was renewed once, and was released: eight events. */
export function tellPossession(set: ListenerSet, clock: HandClock): void {
  const root = set.begin('lock', orders);
  const acquire = root?.child('lock.acquire');
  const blocker = { ownerId: 'owner-0', fencingToken: 6, heldForMs: 20 };
  const first = acquire?.child('storage.acquire');
  clock.advance(2);
  first?.end('ok', { details: { refused: true } });
  acquire?.action('acquire.contended', { blocker });
  clock.advance(30);
  const second = acquire?.child('storage.acquire');
  clock.advance(2);
  second?.end('ok', { details: { refused: false } });
  acquire?.action('acquire.handed_over', { via: 'polled', handoffMs: 3 });
  acquire?.end('acquired', { details: { attempts: 2, waitMs: 34, contended: true, blocker, fencingToken: 7 } });
  clock.advance(10_000);
  const renew = root?.child('lease.renew', { watchdogId: 'watchdog-1' });
  clock.advance(2);
  renew?.end('renewed', { details: { utilization: 0.33, roundTripMs: 2, failures: 0 } });
  const release = root?.child('lock.release');
  const call = release?.child('storage.release');
  clock.advance(2);
  call?.end('ok', { details: { refused: false } });
  release?.end('released', { details: { holdMs: 10_006, fencingToken: 7 } });
  root?.end('released', {
    details: { contended: true, waitMs: 34, holdMs: 10_006, fencingToken: 7, leaseMs: 30_000, renewals: 1, depth: 1 },
  });
}
