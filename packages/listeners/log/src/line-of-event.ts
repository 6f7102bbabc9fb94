import type { Event, EventDetails, EventOf } from '@lockscope/core';

import { durationText } from './duration-text.ts';
import { errorText } from './error-text.ts';
import { fenceFacts } from './event-note.ts';
import { holderText, lockText } from './holder-text.ts';
import { addBlocker, addEvidence, addSegments, fieldsOf, seconds } from './log-fields.ts';
import type { LogFields, LogLine } from './log-line.ts';
import { lossText } from './loss-text.ts';
import { plainText } from './plain-text.ts';

/** What was told of a loss before its possession ended. */
export type Loss = EventDetails['lease.lost'];

type Sentence = Omit<LogLine, 'level'>;

/** The sentence and the fields for an event that has ended; undefined when another event says the same. */
export function lineOfEvent(event: Event, loss: Loss | undefined): Sentence | undefined {
  switch (event.type) {
    case 'lock.acquire':
      return acquireLine(event);
    case 'lock':
      return possessionLine(event, loss);
    case 'lock.force_release':
      return forceLine(event);
    case 'fence.rejected':
      return fenceLine(event);
    default:
      return undefined;
  }
}

function acquireLine(event: EventOf<'lock.acquire'>): Sentence {
  const { outcome, details, error, durationMs = 0 } = event;
  const lock = lockText(event);
  const after = durationText(details?.waitMs ?? durationMs);
  const token = details?.fencingToken === undefined ? '' : `, token ${details.fencingToken}`;
  const blocked = details !== undefined && (details.contended || details.blocker !== undefined);
  const by = (words: string): string => (blocked ? `${words} ${holderText(details.blocker)}` : '');
  const why = error === undefined ? '' : `: ${errorText(error)}`;
  const fields = endFields(event);
  if (details !== undefined) {
    fields['lock.acquire.duration'] = seconds(details.waitMs);
    fields['lock.attempts'] = details.attempts;
    fields['lock.contended'] = details.contended;
    if (details.fencingToken !== undefined) fields['lock.fencing_token'] = details.fencingToken;
    addBlocker(fields, details.blocker);
    addSegments(fields, details.segments);
  }
  switch (outcome) {
    case 'acquired':
      return { text: `lock acquired after ${after} on ${lock}${token}${by(', was blocked by')}`, fields };
    case 'not_acquired':
      return { text: `lock busy ${lock}${by(', held by')}`, fields };
    case 'timeout':
      return { text: `lock timeout after ${after} on ${lock}${by(' blocked by')}, gave up`, fields };
    case 'aborted':
      return { text: `lock wait aborted after ${after} on ${lock}${by(' blocked by')}`, fields };
    case 'deadlock':
      return { text: `lock deadlock after ${after} on ${lock}${by(' blocked by')}${why}`, fields };
    default:
      return { text: `lock error after ${after} on ${lock}${why}`, fields };
  }
}

/** Of a possession that never was, its acquire has told. */
function possessionLine(event: EventOf<'lock'>, loss: Loss | undefined): Sentence | undefined {
  const { outcome, details, error, durationMs = 0 } = event;
  if (outcome !== 'released' && outcome !== 'lost' && outcome !== 'release_failed') return undefined;
  const lock = lockText(event);
  const held = durationText(details?.holdMs ?? durationMs);
  const token = details?.fencingToken === undefined ? '' : `, token ${details.fencingToken}`;
  const why = error === undefined ? '' : `: ${errorText(error)}`;
  const fields = endFields(event);
  if (details !== undefined) {
    if (details.holdMs !== undefined) fields['lock.hold.duration'] = seconds(details.holdMs);
    if (details.fencingToken !== undefined) fields['lock.fencing_token'] = details.fencingToken;
    if (details.lostReason !== undefined) fields['lock.lost_reason'] = details.lostReason;
    fields['lock.renewals'] = details.renewals;
  }
  if (outcome === 'released') return { text: `lock released after ${held} on ${lock}${token}`, fields };
  if (outcome === 'release_failed') return { text: `lock release failed after ${held} on ${lock}${why}`, fields };
  if (loss !== undefined) addEvidence(fields, loss.evidence);
  const reason = loss === undefined ? (details?.lostReason ?? 'for an unknown reason') : lossText(loss);
  return { text: `lock lost ${lock} after ${held}: ${reason}`, fields };
}

function forceLine(event: EventOf<'lock.force_release'>): Sentence {
  const { outcome, details, error } = event;
  const fields = endFields(event);
  addBlocker(fields, details?.victim);
  const lock = lockText(event);
  const because = details === undefined ? '' : `: ${plainText(details.reason)}`;
  if (outcome === 'forced') {
    const victim = details?.victim === undefined ? '' : `, taken from ${holderText(details.victim)}`;
    return { text: `lock forced ${lock}${victim}${because}`, fields };
  }
  if (outcome === 'not_held') return { text: `lock forced ${lock}, but nobody held it${because}`, fields };
  return { text: `lock not forced ${lock}${error === undefined ? '' : `: ${errorText(error)}`}`, fields };
}

function fenceLine(event: EventOf<'fence.rejected'>): Sentence {
  const fields = endFields(event);
  const { details } = event;
  if (details !== undefined) {
    const { fencingToken, resource, currentToken } = details;
    fields['lock.fencing_token'] = fencingToken;
    if (resource !== undefined) fields['lock.fence.resource'] = resource;
    if (currentToken !== undefined) fields['lock.fence.current_token'] = currentToken;
  }
  return { text: `lock fenced ${lockText(event)}: ${fenceFacts(event).join(', ')}`, fields };
}

function endFields(event: Event): LogFields {
  const fields = fieldsOf(event, event.type);
  const { outcome, error } = event;
  if (outcome !== undefined) fields['lock.outcome'] = outcome;
  if (error !== undefined) fields['error.type'] = error.code ?? error.name;
  return fields;
}
