import type { Action, ActionName, ActionOf } from '@lockscope/core';

import { durationText } from './duration-text.ts';
import { holderText } from './holder-text.ts';
import { riskText } from './loss-text.ts';
import { plainText } from './plain-text.ts';

type KnownAction = { [N in ActionName]: ActionOf<N> }[ActionName];

/** What a drawn tree says of a step behind its name. */
export function actionNote(of: Action): string {
  const action = of as KnownAction;
  switch (action.name) {
    case 'acquire.attempt':
      return `${plainText(action.payload.result)}, attempt ${plainText(action.payload.attempt)}`;
    case 'acquire.contended':
    case 'acquire.blocker_changed':
      return `blocked by ${holderText(action.payload.blocker)}${queue(action.payload.queueDepth)}`;
    case 'acquire.waiting': {
      const { waitedMs, blocker, queueDepth } = action.payload;
      return `${durationText(waitedMs)} so far, blocked by ${holderText(blocker)}${queue(queueDepth)}`;
    }
    case 'acquire.handed_over': {
      const { via, handoffMs } = action.payload;
      return handoffMs === undefined ? plainText(via) : `${plainText(via)}, it was free for ${durationText(handoffMs)}`;
    }
    case 'acquire.taken_over': {
      const { ownerId, fencingToken, overdueMs } = action.payload;
      return `from ${plainText(ownerId)} (token ${plainText(fencingToken)}), whose lease was over for ${durationText(overdueMs)}`;
    }
    case 'lock.reentered':
    case 'lock.depth_released':
      return `depth ${plainText(action.payload.depth)}`;
    case 'lease.suspect':
      return `${plainText(action.payload.failures)} failed in a row, ${durationText(action.payload.remainingMs)} left`;
    case 'lease.at_risk':
      return `${riskText(action.payload.cause, action.payload.evidence)}, ${durationText(action.payload.remainingMs)} left`;
    case 'lease.recovered':
      return `after ${plainText(action.payload.failures)} failed`;
    default:
      return foreignNote(of);
  }
}

function queue(depth: number | undefined): string {
  return depth === undefined ? '' : `, queue ${plainText(depth)}`;
}

function foreignNote({ payload }: Action): string {
  try {
    const text = JSON.stringify(payload);
    return text === '{}' ? '' : plainText(text);
  } catch {
    return '';
  }
}
