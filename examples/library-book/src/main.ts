// Readers ask a library for books. The library is one consumer that owns its shelves; the readers wait for an answer,
// or do not.
import { Driver, RequestTimeoutError } from '@lockscope/delivery';

import { createLibrary, NoCopyLeftError, type Requests } from './library.ts';

const say = (text: string): void => console.log(text);
const library = new Driver<Requests>({ capacity: 100, timeoutMs: 2 * 3_600_000 });
const serving = library.consumer().serve(createLibrary({ copies: new Map([['Emma', 2]]), say }));

const alice = library.producer();
const bob = library.producer();

// Something that takes long does not hold up the others, and its limit covers the work, too.
const rare = alice.request('fetchFromArchive', 'Ulysses', { timeoutMs: 1000 });

const receipt = await alice.request('borrow', { title: 'Emma', reader: 'alice' });
say(`the library says: ${receipt.copiesLeft} left`);
await bob.request('borrow', { title: 'Emma', reader: 'bob' });

try {
  await bob.request('borrow', { title: 'Emma', reader: 'bob, once more' });
} catch (error) {
  // The very error that the library threw.
  if (error instanceof NoCopyLeftError) say(`the library says: ${error.message}`);
}

// One way: sent when the library has it; nobody answers.
await alice.send('giveBack', 'Emma');
await bob.request('borrow', { title: 'Emma', reader: 'bob, once more' });

try {
  await rare;
} catch (error) {
  if (error instanceof RequestTimeoutError) say(`alice gives up: ${error.message}`);
}

await library.close();
await serving;
const { requested, replied, failed, timedOut, refusedReplies } = library.stats;
say(
  `${requested} requests: ${replied} answered, ${failed} refused, ${timedOut} too late; ${refusedReplies} late answer`,
);
