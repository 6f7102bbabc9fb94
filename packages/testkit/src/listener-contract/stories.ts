import type { AcquireOutcome, Blocker, LossEvidence, OpenEvent } from '@lockscope/core';

import type { Story, Teller } from './story.ts';

const blocker: Blocker = {
  ownerId: 'somebody',
  fencingToken: 7,
  operation: 'GET /stock',
  service: 'stock',
  host: 'db-1',
  pid: 77,
  heldForMs: 12,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const next: Blocker = { ownerId: 'another', heldForMs: 0 };
const evidence: LossEvidence = {
  sinceConfirmedMs: 30_000,
  eventLoopDelayMs: 0,
  failedRenewals: 3,
  renewalPending: true,
  successor: next,
};
const held = { contended: false, waitMs: 1, holdMs: 20, fencingToken: 8, leaseMs: 30_000, renewals: 1, depth: 1 };

type Root = OpenEvent<'lock'>;

function lock(teller: Teller, begun?: Root): Root {
  const root = begun ?? teller.begin('lock');
  const acquire = teller.child(root, 'lock.acquire');
  const call = teller.child(acquire, 'storage.acquire');
  teller.clock.pass(1);
  call.end('ok', { details: { refused: false } });
  acquire.action('acquire.attempt', { attempt: 1, result: 'acquired' });
  acquire.end('acquired', {
    details: { attempts: 1, waitMs: 1, contended: false, fencingToken: 8 },
    lock: { key: 'orders/42', ownerId: 'teller', fencingToken: 8, depth: 1, acquiredAt: 0, expiresAt: 30_000 },
  });
  teller.clock.pass(5);
  return root;
}

function unlock(teller: Teller, root: Root): void {
  const release = teller.child(root, 'lock.release');
  const call = teller.child(release, 'storage.release');
  teller.clock.pass(1);
  call.end('ok', { details: { refused: false } });
  release.end('released', { details: { holdMs: 20, fencingToken: 8 } });
  root.end('released', { details: held });
}

/** One possession from the request to the release: five events. */
export function possession(teller: Teller): void {
  unlock(teller, lock(teller));
}

function refused(outcome: Exclude<AcquireOutcome, 'acquired'>, error?: Error): (teller: Teller) => void {
  return (teller) => {
    const root = teller.begin('lock');
    const acquire = teller.child(root, 'lock.acquire');
    acquire.action('acquire.attempt', { attempt: 1, result: outcome === 'error' ? 'error' : 'busy' });
    acquire.action('acquire.contended', { blocker, queueDepth: 1 });
    teller.clock.pass(1500);
    acquire.action('acquire.waiting', { waitedMs: 1000, blocker });
    const details = { attempts: 1, waitMs: 1500, contended: true, blocker };
    acquire.end(outcome, error === undefined ? { details } : { details, error });
    root.end(outcome, { details: { contended: true, waitMs: 1500, leaseMs: 30_000, renewals: 0, depth: 0 }, error });
  };
}

function renewed(teller: Teller, root: Root): void {
  const renew = teller.child(root, 'lease.renew');
  const call = teller.child(renew, 'storage.renew');
  teller.clock.pass(2);
  call.end('ok');
  renew.end('renewed', { details: { utilization: 0.3, roundTripMs: 2, failures: 0 } });
}

function contended(teller: Teller): void {
  const root = teller.begin('lock');
  const acquire = teller.child(root, 'lock.acquire');
  acquire.action('acquire.attempt', { attempt: 1, result: 'busy' });
  acquire.action('acquire.contended', { blocker, queueDepth: 2 });
  teller.clock.pass(400);
  acquire.action('acquire.blocker_changed', { previous: blocker, blocker: next });
  teller.clock.pass(700);
  acquire.action('acquire.waiting', { waitedMs: 1100, blocker: next, queueDepth: 1 });
  acquire.action('acquire.handed_over', { via: 'notified', handoffMs: 3 });
  acquire.end('acquired', { details: { attempts: 3, waitMs: 1100, contended: true, blocker: next, fencingToken: 9 } });
  renewed(teller, root);
  unlock(teller, root);
}

function takenOver(teller: Teller): void {
  const root = teller.begin('lock');
  const acquire = teller.child(root, 'lock.acquire');
  acquire.action('acquire.taken_over', { ownerId: 'somebody', fencingToken: 7, overdueMs: 12 });
  acquire.end('acquired', { details: { attempts: 1, waitMs: 1, contended: false } });
  root.action('lock.reentered', { depth: 2 });
  root.action('lock.depth_released', { depth: 1 });
  unlock(teller, root);
}

function lost(teller: Teller): void {
  const root = lock(teller);
  const renew = teller.child(root, 'lease.renew');
  teller.child(renew, 'storage.renew').end('error', { error: new Error('ETIMEDOUT') });
  renew.end('failed', { details: { utilization: 0.5, roundTripMs: 1000, failures: 1 }, error: new Error('ETIMEDOUT') });
  root.action('lease.suspect', { failures: 1, remainingMs: 9000 }, { error: new Error('ETIMEDOUT') });
  root.action('lease.recovered', { failures: 1 });
  const error = new Error('lost');
  teller.child(root, 'lease.lost').end('lost', { details: { reason: 'stolen', fencingToken: 8, evidence }, error });
  root.end('lost', { details: { ...held, lostReason: 'stolen' }, error });
}

function releaseFailed(teller: Teller): void {
  const root = lock(teller);
  const release = teller.child(root, 'lock.release');
  const error = new AggregateError([new Error('one'), new Error('two')], 'both servers failed', { cause: 'a text' });
  teller.child(release, 'storage.release').end('error', { error });
  release.end('error', { error, details: { holdMs: 6, fencingToken: 8 } });
  root.end('release_failed', { error, details: held });
}

function aside(teller: Teller): void {
  teller
    .begin('lock.create')
    .end('ok', { details: { leaseMs: 1, renewEveryMs: 1, reentrancy: 'owner', scope: 'key' } });
  const inspect = teller.begin('lock.inspect');
  teller.child(inspect, 'storage.read').end('ok');
  inspect.end('ok', { details: { found: true } });
  const force = teller.begin('lock.force_release');
  teller.child(force, 'storage.force_release').end('ok');
  force.end('forced', { details: { reason: 'stuck', victim: blocker } });
  const rollback = teller.begin('lock.rollback');
  teller.child(rollback, 'storage.leave').end('abandoned');
  rollback.end('ok', { details: { reason: 'late_reply' } });
  teller.begin('unknown').end('whatever', { details: {} });
}

/** What locks tell when all goes its way, well or badly. */
export const stories: readonly Story[] = [
  { name: 'an uncontended possession', tell: possession },
  { name: 'a wait in which the holder changes', tell: contended },
  { name: 'a takeover and a re-entry', tell: takenOver },
  { name: 'a try that found the lock busy', tell: refused('not_acquired') },
  { name: 'a timeout', tell: refused('timeout', new Error('busy for too long')) },
  { name: 'an abort', tell: refused('aborted', new DOMException('stop', 'AbortError')) },
  { name: 'a deadlock', tell: refused('deadlock', new Error('a waits for b')) },
  { name: 'a storage that fails', tell: refused('error', new Error('ECONNREFUSED')) },
  { name: 'a lock that is lost', tell: lost },
  { name: 'a release that fails', tell: releaseFailed },
  { name: 'events beside possessions', tell: aside },
];
