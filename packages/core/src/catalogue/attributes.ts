/** Attributes with few values: these, and only these, may become metric labels (with `_` for `.`). */
export const fewValuedAttributes = {
  'lock.name': "The lock's class, such as orders/{id}.",
  'lock.system': 'The kind of storage, such as sqlite.',
  'lock.mode': 'exclusive, shared or semaphore.',
  'lock.outcome': 'How the operation ended.',
  'lock.contended': 'Whether somebody else had the lock.',
  'lock.operation': 'What the caller was doing: a route, a job.',
  'lock.release_reason': 'released, lost or release_failed.',
  'lock.lost_reason': 'expired, stolen, forced, unreachable or stalled.',
  'lock.attempt_result': 'acquired, busy or error.',
  'lock.store_operation': 'acquire, renew, release, read, leave or force_release.',
  'lock.blocker_operation': 'What the holder was doing, or a pseudo-blocker that starts with _.',
  'lock.waiter_operation': 'What the waiter was doing.',
  'lock.from': 'The name of a lock that was held while another was asked for.',
  'lock.to': 'The name of the lock that was asked for meanwhile.',
  'error.type': 'The error code, or its class; empty when there was none.',
  listener: 'The name of a listener.',
  reason: 'Why something was dropped or folded.',
} as const;

/** Attributes with many values, for traces and logs. As a label, a lock key would make a series for each order. */
export const manyValuedAttributes = {
  'lock.key': "The lock's instance, such as orders/42.",
  'lock.owner.id': 'Who acquires or holds.',
  'lock.fencing_token': 'Rises with every change of holder of one key.',
  'lock.attempts': 'Questions to the storage that one acquire took.',
  'lock.renewals': 'Renewals of one possession.',
  'lock.acquire.duration': 'Seconds from the request to the outcome.',
  'lock.hold.duration': 'Seconds from the grant to the release or the loss.',
  'lock.blocker.owner.id': 'The holder that the waiter waited for.',
  'lock.blocker.operation': 'What that holder was doing.',
  'lock.blocker.service': "That holder's service.",
  'lock.blocker.host': "That holder's host.",
  'lock.blocker.pid': "That holder's process.",
  'lock.blocker.fencing_token': "That holder's token.",
  'lock.blocker.held_for': 'Seconds that it had held the lock when it was seen.',
  'lock.blocker.trace_id': "The trace of that holder's lock span.",
  'lock.blocker.span_id': "That holder's lock span.",
  'lock.blocker.sampled': 'Whether that trace was sampled.',
  'lock.queue.depth': 'Waiters at that moment.',
  'lock.wait.held_by': 'Seconds of the wait in which somebody had the lock.',
  'lock.wait.handoff': 'Seconds of the wait in which the lock was free and the waiter did not know yet.',
  'lock.wait.backoff': 'Seconds of the wait in which the waiter slept and cannot know who had the lock.',
  'lock.wait.store': 'Seconds of the wait that the storage took.',
  'lock.wait.local_queue': 'Seconds of the wait behind others of the same process.',
  'lock.segments': 'Parts that the wait is made of.',
  'lock.lease.utilization': 'Part of the lease that had passed.',
  'lock.lease.remaining': 'Seconds that were left of the lease.',
  'lock.risk_cause': 'loop_blocked, store_slow or renew_failed.',
  'lock.evidence.event_loop_delay': 'Seconds that the event loop was late at worst.',
  'lock.evidence.gc': 'Seconds of garbage collection.',
  'lock.evidence.storage_round_trip': 'Seconds of the last round trip to the storage.',
  'lock.evidence.since_confirmed': 'Seconds since the lease was last confirmed.',
  'lock.evidence.failed_renewals': 'Renewals that failed in a row.',
  'lock.evidence.clock_offset': "Seconds that the storage's clock is ahead of that of the process.",
  'lock.successor.owner.id': 'Who has the lock after it was lost.',
  'lock.successor.fencing_token': "That owner's token.",
  'lock.call_site': 'Where the lock was asked for.',
  'lock.link.type': 'Why a span link was made: blocked_by, handed_off_from, deadlock_with or acquired_by.',
} as const;

/** An attribute that may become a metric label. */
export type FewValuedAttribute = keyof typeof fewValuedAttributes;

/** An attribute of spans and logs. */
export type AttributeName = FewValuedAttribute | keyof typeof manyValuedAttributes;
