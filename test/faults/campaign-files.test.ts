import { describe, expect, it } from 'vitest';

import { folder, sqlite } from './campaign/backends.ts';
import { promise } from './campaign/promise.ts';
import { seededRandom } from './campaign/random.ts';
import { World } from './campaign/world.ts';

describe('locks in files', () => {
  promise(sqlite);
  promise(folder);
});

describe('the campaign', () => {
  it('is not content with locks that do not exclude other processes', async () => {
    const world = await World.start({ backend: sqlite, random: seededRandom(1), clients: ['one', 'two'], apart: true });
    try {
      const { problems } = await world.finish(1_000);
      expect(problems.join('\n')).toContain('began while');
      expect(problems.join('\n')).toContain('has a token that was given before');
    } finally {
      await world.end();
    }
  }, 60_000);
});
