/** The cases in which a lock is handed to one who waits: whoever is handed nothing fails all of them. */
export const handingOver: readonly string[] = [
  'hand-over: a released lock is handed to the first waiter that watches, and it is told everything',
  'hand-over: to a waiter on another instance',
  'hand-over: when the lock was taken away',
  'hand-over: whom it was handed to has it: others are refused, it renews and releases',
  'hand-over: several are served in the order in which they came, on two instances',
  'hand-over: tokens that a waiter asked for are kept when the lock is handed to it',
  'hand-over: a claim without a time of its own lasts as long as the lease, and a longer one no longer',
  'hand-over: a waiter that missed it and asks again is told the same possession, with a fresh lease',
  'hand-over: a claim that nobody takes up ends, and the next in line has the lock',
  'hand-over: a waiter that does not watch is not handed the lock: it is kept for it',
  'hand-over: when the head of a free lock leaves, the next one is handed the lock',
  'hand-over: who left is handed nothing, the next one is',
  'hand-over: who gives up when the lock was just handed to it gives it back',
  'hand-over: one lease that waits for two locks is handed the one that was freed, then the other',
  'hand-over: news of one lease never reach another',
  'share: a place that is freed is handed to the first that waits for it',
  'share: who wants it alone is handed it when the last of those who share it releases',
  'share: all who would share it and wait at the head are handed it together',
  'share: when one that wants it alone leaves, those behind it join those who have it',
  'turns: whom the lock is handed to is told with the news',
];

/** The cases in which one who waits and watches hears in spite of trouble. */
export const hearingAgain: readonly string[] = [
  'connection: after it broke, who waits and watches still hears',
  'stall: when it is over, who waits and watches still hears',
  'restart: after it, who waits and watches still hears',
  'slow: who waits and watches hears nevertheless, and has the lock',
];

const turnCases = {
  told: 'turns: who waits is told who had the lock, oldest first, each with all there is to know',
  again: 'turns: each answer tells all of them again, on each instance',
  before: 'turns: nobody is told of what ended before it waited',
  expired: 'turns: a lease that ran out is told, with its end',
  renewed: 'turns: a lease that was renewed is told with when it began and when it was released',
  forced: 'turns: a lock that was taken away is told',
  kept: 'turns: who comes into line while the lock is kept for another is told who has it in between',
  most: 'turns: of more than 16, the last 16 are told',
  quiet: 'turns: who did not ask for it is told of none',
  forgotten: 'turns: they are forgotten when nobody who asks for them waits any more',
  own: 'turns: locks know only their own',
  handed: 'turns: whom the lock is handed to is told with the news',
  shared: 'turns: each of those who shared the lock is told',
} as const;

type TurnCase = keyof typeof turnCases;

/** These cases on who had the lock while somebody waited. */
export function onTurns(...names: readonly TurnCase[]): readonly string[] {
  return names.map((name) => turnCases[name]);
}

/** All of those cases but these. */
export function onTurnsBut(...names: readonly TurnCase[]): readonly string[] {
  return onTurns(...(Object.keys(turnCases) as TurnCase[]).filter((name) => !names.includes(name)));
}
