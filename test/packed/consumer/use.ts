// A small program against the public API, as a user would write it. Type-checked and run by packed.test.ts.
import * as core from '@lockscope/core';
import * as storage from '@lockscope/storage';
import * as storageLock from '@lockscope/storage-lock';

for (const [name, exports] of Object.entries({ core, storage, storageLock })) {
  if (typeof exports !== 'object') throw new Error(`${name} did not load`);
}
