import type { Action, ActionName, ActionOf, Event } from '@lockscope/core';

import { durationText } from './duration-text.ts';
import { errorText } from './error-text.ts';
import { holderText, lockText } from './holder-text.ts';
import type { Lengths } from './level-of.ts';
import { addBlocker, addEvidence, fieldsOf, seconds } from './log-fields.ts';
import type { LogLine } from './log-line.ts';
import { riskText } from './loss-text.ts';

type KnownAction = { [N in ActionName]: ActionOf<N> }[ActionName];

/** The line for a step that cannot wait until its event has ended; undefined for every other. */
export function lineOfAction(event: Event, of: Action, { longWaitMs }: Lengths): LogLine | undefined {
  const action = of as KnownAction;
  switch (action.name) {
    case 'acquire.waiting':
      return action.payload.waitedMs < longWaitMs ? undefined : stillWaiting(event, action);
    case 'lease.suspect': {
      const { failures, remainingMs } = action.payload;
      const why = action.error === undefined ? '' : `: ${errorText(action.error)}`;
      const text = `lock suspect ${lockText(event)}: ${renewals(failures)} failed, ${durationText(remainingMs)} left${why}`;
      const fields = fieldsOf(event, action.name);
      if (action.error !== undefined) fields['error.type'] = action.error.code ?? action.error.name;
      return { level: 'warn', text, fields };
    }
    case 'lease.at_risk': {
      const { cause, remainingMs, evidence } = action.payload;
      const text = `lock at risk ${lockText(event)}: ${riskText(cause, evidence)}, ${durationText(remainingMs)} left`;
      const fields = fieldsOf(event, action.name);
      fields['lock.risk_cause'] = cause;
      fields['lock.lease.remaining'] = seconds(remainingMs);
      fields['lock.lease.utilization'] = action.payload.utilization;
      addEvidence(fields, evidence);
      return { level: 'warn', text, fields };
    }
    case 'lease.recovered': {
      const text = `lock safe again ${lockText(event)}: renewed after ${renewals(action.payload.failures)} failed`;
      return { level: 'info', text, fields: fieldsOf(event, action.name) };
    }
    default:
      return undefined;
  }
}

function stillWaiting(event: Event, { name, payload }: ActionOf<'acquire.waiting'>): LogLine {
  const { waitedMs, blocker, queueDepth } = payload;
  const queue = queueDepth === undefined ? '' : `, queue ${queueDepth}`;
  const text = `lock wait ${durationText(waitedMs)} on ${lockText(event)} blocked by ${holderText(blocker)}${queue}, still waiting`;
  const fields = fieldsOf(event, name);
  fields['lock.acquire.duration'] = seconds(waitedMs);
  if (queueDepth !== undefined) fields['lock.queue.depth'] = queueDepth;
  const callSite = callSiteOf(event);
  if (callSite !== undefined) fields['lock.call_site'] = callSite;
  addBlocker(fields, blocker);
  return { level: 'warn', text, fields };
}

/** Where the lock was asked for, when the locks were told to keep it. */
function callSiteOf({ actions }: Event): string | undefined {
  for (const action of actions) if (action.name === 'acquire.contended') return action.payload.callSite;
  return undefined;
}

function renewals(count: number): string {
  return count === 1 ? '1 renewal' : `${count} renewals`;
}
