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
  'lock.link.type': 'Why a span link was made: blocked_by.',
} as const;

/** An attribute that may become a metric label. */
export type FewValuedAttribute = keyof typeof fewValuedAttributes;

/** An attribute of spans and logs. */
export type AttributeName = FewValuedAttribute | keyof typeof manyValuedAttributes;
