import { decodeEvent, encodeEvent, type Event, type EventType } from '@lockscope/core';
import { describe, expect, it } from 'vitest';

import { TimelineValidator, type TimelineRule } from '../src/index.ts';

import { detailsFor, liveEvent, type LiveEvent } from './live-event.ts';

/** Tells a validator of events made by hand. */
class Story {
  readonly validator: TimelineValidator;

  constructor(validator: TimelineValidator = new TimelineValidator()) {
    this.validator = validator;
  }

  start(type: EventType, at: number, parent?: LiveEvent, more?: Parameters<typeof liveEvent>[3]): LiveEvent {
    const live = liveEvent(type, at, parent, more);
    this.validator.onStart(live.event);
    return live;
  }

  act(live: LiveEvent, name: string, at: number, fields?: Parameters<LiveEvent['act']>[2]): void {
    this.validator.onAction(live.event, live.act(name, at, fields));
  }

  end(live: LiveEvent, outcome: string, at: number, more: Parameters<LiveEvent['change']>[0] = {}): void {
    const { startedAt, type } = live.event;
    live.change({ outcome, endedAt: at, durationMs: at - startedAt, details: detailsFor(type), ...more });
    this.validator.on(live.event);
  }

  /** A possession as it should be, up to its release. */
  acquired(more?: Parameters<typeof liveEvent>[3]): LiveEvent {
    const root = this.start('lock', 0, undefined, more);
    const acquire = this.start('lock.acquire', 1, root, more);
    this.act(acquire, 'acquire.attempt', 2);
    this.end(acquire, 'acquired', 3);
    return root;
  }

  released(root: LiveEvent = this.acquired()): LiveEvent {
    const release = this.start('lock.release', 5, root);
    this.end(release, 'released', 6);
    this.end(root, 'released', 6);
    return root;
  }

  get rules(): string[] {
    return this.validator.problems().map((problem) => problem.slice(0, problem.indexOf(':')));
  }
}

const broken: Record<TimelineRule, (story: Story) => void> = {
  'start.twice'(story) {
    const root = story.start('lock', 0);
    story.validator.onStart(root.event);
    story.released(acquireIn(story, root));
  },
  'start.ended'(story) {
    const live = liveEvent('lock.inspect', 0);
    live.change({ endedAt: 1, durationMs: 1, outcome: 'ok' });
    story.validator.onStart(live.event);
    story.validator.on(live.event);
  },
  'start.before_parent'(story) {
    const inspect = liveEvent('lock.inspect', 0);
    const read = story.start('storage.read', 1, inspect);
    story.end(read, 'ok', 2);
    story.validator.onStart(inspect.event);
    story.end(inspect, 'ok', 3);
  },
  'start.after_parent'(story) {
    const inspect = story.start('lock.inspect', 0);
    story.end(inspect, 'ok', 3);
    story.end(story.start('storage.read', 1, inspect), 'ok', 2);
  },
  'start.before_acquired'(story) {
    const root = story.start('lock', 0);
    const renew = story.start('lease.renew', 1, root);
    story.end(renew, 'renewed', 2);
    story.released(acquireIn(story, root));
  },
  'end.twice'(story) {
    story.validator.on(story.released().event);
  },
  'end.without_start'(story) {
    story.end(liveEvent('lock.inspect', 0), 'ok', 1);
  },
  'end.before_child'(story) {
    const inspect = story.start('lock.inspect', 0);
    const read = story.start('storage.read', 1, inspect);
    story.end(inspect, 'ok', 3);
    story.end(read, 'ok', 3);
  },
  'end.missing'(story) {
    story.start('lock.inspect', 0);
  },
  'action.without_start'(story) {
    const live = liveEvent('lock.acquire', 0);
    story.act(live, 'acquire.attempt', 1);
  },
  'action.after_end'(story) {
    const root = story.released();
    story.act(root, 'lease.suspect', 6);
    root.change({ actions: Object.freeze([]) });
  },
  'action.lost'(story) {
    const root = story.acquired();
    root.act('lease.suspect', 4);
    story.released(root);
  },
  'action.unknown'(story) {
    const root = story.acquired();
    story.act(root, 'acquire.attempt', 4);
    story.released(root);
  },
  'action.times'(story) {
    const root = story.acquired();
    story.act(root, 'lease.suspect', 4, { startedAt: -1 });
    story.released(root);
  },
  'event.times'(story) {
    const inspect = story.start('lock.inspect', 0);
    const read = story.start('storage.read', 1, inspect);
    story.end(read, 'ok', 9);
    story.end(inspect, 'ok', 3);
  },
  'event.outcome'(story) {
    story.end(story.start('lock.inspect', 0), 'fine', 1);
  },
  'event.details'(story) {
    const root = story.acquired();
    const release = story.start('lock.release', 5, root);
    story.end(release, 'released', 6, { details: Object.freeze({ holdMs: 1 }) });
    story.end(root, 'released', 6);
  },
  'event.attributes'(story) {
    const inspect = story.start('lock.inspect', 0);
    const read = story.start('storage.read', 1, inspect, { lockKey: 'orders/43' });
    story.end(read, 'ok', 2);
    story.end(inspect, 'ok', 3);
  },
  'event.frozen'(story) {
    story.end(story.start('lock.inspect', 0), 'ok', 1, { details: { found: true } });
  },
  'event.changed'(story) {
    story.released().change({ ownerId: 'somebody else' });
  },
  'id.repeated'(story) {
    const first = story.start('lock.inspect', 0);
    story.end(first, 'ok', 1);
    story.start('lock.inspect', 2, undefined, { id: first.event.id, rootId: first.event.id });
  },
  'id.root'(story) {
    const other = story.start('lock.inspect', 0);
    const inspect = story.start('lock.inspect', 0);
    const read = story.start('storage.read', 1, inspect, { rootId: other.event.id });
    for (const live of [read, inspect, other]) story.end(live, 'ok', 2);
  },
  'id.parent'(story) {
    const id = 'its own parent';
    story.end(story.start('storage.read', 1, undefined, { id, parentId: id, rootId: id }), 'ok', 2);
  },
  'acquire.count'(story) {
    const root = story.acquired();
    story.end(story.start('lock.acquire', 4, root), 'acquired', 4);
    story.released(root);
  },
  'possession.outcome'(story) {
    const root = story.start('lock', 0);
    story.end(story.start('lock.acquire', 1, root), 'timeout', 2);
    story.end(root, 'aborted', 2);
  },
  'possession.contradiction'(story) {
    const root = story.acquired();
    story.end(story.start('lease.lost', 4, root), 'lost', 4);
    story.end(root, 'released', 6);
  },
};

function acquireIn(story: Story, root: LiveEvent): LiveEvent {
  story.end(story.start('lock.acquire', 3, root), 'acquired', 4);
  return root;
}

describe('TimelineValidator finds a timeline that breaks a rule, and nothing else wrong with it', () => {
  for (const [rule, tell] of Object.entries(broken)) {
    it(rule, () => {
      const story = new Story();
      tell(story);
      expect([...new Set(story.rules)]).toEqual([rule]);
    });
  }
});

describe('TimelineValidator', () => {
  it('has nothing against a possession as it should be', () => {
    const story = new Story();
    story.released();
    expect(story.validator.problems()).toEqual([]);
    expect(() => story.validator.assertValid()).not.toThrow();
  });

  it.each([
    ['acquired', 'timeout'],
    ['acquired', 'not_acquired'],
    ['timeout', 'released'],
    ['error', 'lost'],
  ])('does not accept that an acquire ends %s and its possession %s', (acquired, ended) => {
    const story = new Story();
    const root = story.start('lock', 0);
    story.end(story.start('lock.acquire', 1, root), acquired, 2);
    story.end(root, ended, 2, { details: Object.freeze({ ...detailsFor('lock'), lostReason: 'stolen' }) });
    expect(story.rules).toEqual(['possession.outcome']);
  });

  it.each([
    ['released', 'lost'],
    ['stale', 'released'],
    ['error', 'released'],
  ])('does not accept that a release ends %s and its possession %s', (released, ended) => {
    const story = new Story();
    const root = story.acquired();
    story.end(story.start('lock.release', 4, root), released, 5);
    story.end(root, ended, 6, { details: Object.freeze({ ...detailsFor('lock'), lostReason: 'stolen' }) });
    expect(story.rules).toEqual(['possession.contradiction']);
  });

  it('does not accept numbers that cannot be', () => {
    const story = new Story();
    const details = Object.freeze({ ...detailsFor('lock'), waitMs: -1, leaseMs: Number.NaN });
    const root = story.acquired();
    story.end(root, 'release_failed', 6, { details });
    expect(story.rules).toEqual(['event.details', 'event.details']);
  });

  it('does not accept an event that somebody wrote on', () => {
    const story = new Story();
    const root = story.acquired();
    Object.defineProperty(root.event, 'lockName', { value: 'mine' });
    story.released(root);
    expect(story.rules).toContain('event.changed');
  });

  it('does not accept that few-valued attributes come and go within one type', () => {
    const story = new Story();
    story.end(story.start('lock.inspect', 0), 'ok', 1);
    story.end(story.start('lock.inspect', 0, undefined, { storageName: undefined }), 'ok', 1);
    expect(story.rules).toEqual(['event.attributes']);
  });

  it('has nothing against events that still run, when it is told that they may', () => {
    const story = new Story();
    story.acquired();
    expect(story.validator.problems({ stillRunning: true })).toEqual([]);
    expect(story.rules).toEqual(['end.missing']);
  });

  it('throws what is wrong and, of the trees concerned, what was told', () => {
    const story = new Story();
    story.released();
    const wrong = story.acquired();
    expect(() => story.validator.assertValid()).toThrowError(
      new RegExp(
        [
          'the timeline cannot be:',
          `- end.missing: lock of orders/42 has not ended \\(${wrong.event.id}\\)`,
          '',
          ` +0.000 ms  start lock  orders/42 ${wrong.event.id}`,
          ' +1.000 ms    start lock.acquire  orders/42 .*',
          ' +2.000 ms    · acquire.attempt  orders/42 .*',
          ' +3.000 ms    end lock.acquire acquired  orders/42 .*$',
        ].join('\n'),
      ),
    );
  });

  it('keeps as many trees as it may, and what was wrong with the others', () => {
    const story = new Story(new TimelineValidator({ capacity: 2 }));
    story.end(story.start('lock.inspect', 0), 'fine', 1);
    for (let tree = 0; tree < 3; tree += 1) story.released();
    expect(story.validator.forgotten).toBe(2);
    expect(story.rules).toEqual(['event.outcome']);
  });

  it('refuses a capacity that cannot be meant', () => {
    expect(() => new TimelineValidator({ capacity: 0 })).toThrow(RangeError);
  });
});

describe('TimelineValidator, fed from a log', () => {
  function fromWire(live: LiveEvent): Event {
    return decodeEvent(encodeEvent(live.event));
  }

  function possession(): { root: LiveEvent; acquire: LiveEvent; release: LiveEvent } {
    const story = new Story();
    const at = Date.UTC(2026, 0, 1);
    const root = liveEvent('lock', at);
    const acquire = liveEvent('lock.acquire', at + 1, root);
    const release = liveEvent('lock.release', at + 4, root);
    acquire.act('acquire.attempt', at + 2);
    story.end(acquire, 'acquired', at + 3);
    story.end(release, 'released', at + 5);
    story.end(root, 'released', at + 6);
    return { root, acquire, release };
  }

  it('has nothing against children that come before their parents, and no starts', () => {
    const validator = new TimelineValidator();
    const { root, acquire, release } = possession();
    for (const live of [acquire, release, root]) validator.on(fromWire(live));
    expect(validator.problems()).toEqual([]);
  });

  it('has nothing against a log from which types were left out', () => {
    const validator = new TimelineValidator();
    const { root, acquire } = possession();
    validator.on(fromWire(acquire));
    validator.on(fromWire(possession().root));
    validator.on(fromWire(root));
    expect(validator.problems()).toEqual([]);
  });

  it('finds a parent that ends before its child, and says that it was read', () => {
    const validator = new TimelineValidator();
    const { root, acquire } = possession();
    validator.on(fromWire(root));
    validator.on(fromWire(acquire));
    expect(validator.problems()).toEqual([
      `end.before_child: lock of orders/42 ended before its lock.acquire ${acquire.event.id} (${root.event.id}, from the wire)`,
    ]);
  });

  it('finds an event that comes twice', () => {
    const validator = new TimelineValidator();
    const { acquire } = possession();
    validator.on(fromWire(acquire));
    validator.on(fromWire(acquire));
    expect(validator.problems()).toEqual([expect.stringMatching(/^id.repeated: .*from the wire/)]);
  });

  it('finds an acquire that fits no possession', () => {
    const validator = new TimelineValidator();
    const { root, acquire } = possession();
    acquire.change({ outcome: 'timeout' });
    for (const live of [acquire, root]) validator.on(fromWire(live));
    expect(validator.problems()).toEqual([expect.stringMatching(/^possession.outcome: /)]);
  });
});
