import {
  FewValues,
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
import { Room } from './room.ts';
import type { ValueFamily } from './value-family.ts';

/** Every label with the values that it may take: capped where users choose them, fixed where the catalogue does. */
export class Labels {
  readonly names: FewValues;
  readonly systems: FewValues;
  readonly operations: FewValues;
  readonly errorTypes: FewValues;
  readonly listeners: FewValues;
  readonly modes: FewValues;
  readonly contended: FewValues;
  readonly acquireOutcomes: FewValues;
  readonly attemptResults: FewValues;
  readonly releaseReasons: FewValues;
  readonly renewOutcomes: FewValues;
  readonly lostReasons: FewValues;
  readonly storeOperations: FewValues;
  /** Series of blocked time, and of the order of names. */
  readonly blamePairs: Room;
  readonly orderEdges: Room;

  constructor(caps: ResolvedCaps, overflow: ValueFamily, onNewSystem: (system: string) => void) {
    const counter = (reason: string): (() => void) => {
      const cell = overflow.add({ reason });
      return () => cell.add(1);
    };
    this.names = new FewValues([], caps.names, { onFold: counter('names') });
    this.systems = new FewValues([], caps.systems, { onFold: counter('systems'), onNew: onNewSystem });
    const free = ['unknown', ...Object.values(pseudoBlockers)];
    this.operations = new FewValues(free, caps.operations, { onFold: counter('operations') });
    this.errorTypes = new FewValues([''], caps.errorTypes, { onFold: counter('error_types') });
    this.listeners = new FewValues([], caps.listeners, { onFold: counter('listeners') });
    this.blamePairs = new Room(caps.blamePairs, counter('blame_pairs'));
    this.orderEdges = new Room(caps.orderEdges, counter('order_edges'));
    // Only records that were written elsewhere can have others.
    const hooks = { onFold: counter('unknown_values') };
    const fixed = (values: Iterable<string>): FewValues => new FewValues(values, 0, hooks);
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
