import {
  acquireOutcomes,
  attemptResults,
  lockModes,
  lostReasons,
  pseudoBlockers,
  releaseReasons,
  renewOutcomes,
} from '@lockscope/core';
import type { ResolvedCaps } from './options.ts';
import { storeOperations } from './known-values.ts';
import { LabelValues } from './label-values.ts';
import { Room } from './room.ts';
import type { ValueFamily } from './value-family.ts';

/** Every label with the values that it may take: capped where users choose them, fixed where the catalogue does. */
export class Labels {
  readonly names: LabelValues;
  readonly systems: LabelValues;
  readonly operations: LabelValues;
  readonly errorTypes: LabelValues;
  readonly listeners: LabelValues;
  readonly modes: LabelValues;
  readonly contended: LabelValues;
  readonly acquireOutcomes: LabelValues;
  readonly attemptResults: LabelValues;
  readonly releaseReasons: LabelValues;
  readonly renewOutcomes: LabelValues;
  readonly lostReasons: LabelValues;
  readonly storeOperations: LabelValues;
  /** Series of blocked time, and of the order of names. */
  readonly blamePairs: Room;
  readonly orderEdges: Room;

  constructor(caps: ResolvedCaps, overflow: ValueFamily, onNewSystem: (system: string) => void) {
    const counter = (reason: string): (() => void) => {
      const cell = overflow.add({ reason });
      return () => cell.add(1);
    };
    this.names = new LabelValues([], caps.names, { onFold: counter('names') });
    this.systems = new LabelValues([], caps.systems, { onFold: counter('systems'), onNew: onNewSystem });
    const free = ['unknown', ...Object.values(pseudoBlockers)];
    this.operations = new LabelValues(free, caps.operations, { onFold: counter('operations') });
    this.errorTypes = new LabelValues([''], caps.errorTypes, { onFold: counter('error_types') });
    this.listeners = new LabelValues([], caps.listeners, { onFold: counter('listeners') });
    this.blamePairs = new Room(caps.blamePairs, counter('blame_pairs'));
    this.orderEdges = new Room(caps.orderEdges, counter('order_edges'));
    // Only records that were written elsewhere can have others.
    const hooks = { onFold: counter('unknown_values') };
    const fixed = (values: Iterable<string>): LabelValues => new LabelValues(values, 0, hooks);
    this.modes = fixed(lockModes);
    this.contended = fixed(['true', 'false']);
    this.acquireOutcomes = fixed(acquireOutcomes);
    this.attemptResults = fixed(attemptResults);
    this.releaseReasons = fixed(releaseReasons);
    this.renewOutcomes = fixed(renewOutcomes);
    this.lostReasons = fixed(lostReasons);
    this.storeOperations = fixed(storeOperations.values());
  }
}
