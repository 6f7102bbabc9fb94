import assert from 'node:assert/strict';

import { holderLimits, maxKeyLength, type Holder } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { listed, show, type Trial } from './trial.ts';

/** Keys of which a careless storage takes two for one: by case, blanks, normal form, length or escaping. */
const confusable: readonly string[] = [
  'Order',
  'order',
  'ORDER',
  'order ',
  ' order',
  'order\n',
  'order\t',
  'ordér',
  'orde\u0301r',
  'straße',
  'strasse',
  'ı',
  'i',
  '🔒',
  '🔓',
  '漢字',
  'a/b',
  'a\\b',
  'a%b',
  'a_b',
  'a.b',
  'a:b',
  'a*b',
  "a'b",
  'a"b',
  'a{b}',
];

/** Keys that look like nothing, or like something of the language. */
const emptyLike: readonly string[] = [
  ' ',
  '  ',
  '0',
  '-1',
  'null',
  'undefined',
  'NaN',
  'false',
  '__proto__',
  'constructor',
  'toString',
  '{}',
  '[]',
  '""',
  "''",
  '.',
  '..',
  '/',
  '../../etc',
  '%00',
  '$',
  '*',
];

async function allDistinct(trial: Trial, keys: readonly string[]): Promise<void> {
  const records = [];
  for (const key of keys) records.push(await trial.take(key, { holder: { ownerId: `of ${show(key)}` } }));
  const other = await trial.second();
  for (const record of records) {
    await trial.holds(record, other);
    await trial.refuse(trial.request(record.key));
  }
  const told = new Set((await listed(other)).map(({ key }) => key));
  assert.deepEqual(
    [...keys].filter((key) => !told.has(key)),
    [],
    'keys that list does not tell as they were given',
  );
  for (const record of records) await trial.release(record);
}

async function readsBack(trial: Trial, key: string, holder: Holder): Promise<void> {
  const record = await trial.take(key, { holder });
  assert.deepEqual(record.holder, holder);
  assert.deepEqual((await (await trial.second()).read(key)).record?.holder, holder);
}

/** A text of exactly that length that is not only ASCII. */
function text(length: number): string {
  return '漢ü🔒'.repeat(length).slice(0, length - 1) + 'z';
}

export const identity: readonly Script[] = [
  ...group('keys', {
    'keys that differ only in case, blanks, accents or punctuation are different locks': (trial) =>
      allDistinct(trial, confusable),

    'keys that look empty or special are keys like others': (trial) => allDistinct(trial, emptyLike),

    [`keys of ${maxKeyLength} characters work, and the last one counts`]: async (trial) => {
      const stem = 'k'.repeat(maxKeyLength - 1);
      const wide = '漢'.repeat(maxKeyLength - 1);
      await allDistinct(trial, [`${stem}1`, `${stem}2`, stem, `${wide}1`, `${wide}2`]);
    },
  }),

  ...group('holder', {
    'an owner alone is read back as an owner alone': (trial) => readsBack(trial, 'a', { ownerId: 'o' }),

    'texts of the greatest length are read back whole': (trial) =>
      readsBack(trial, 'a', {
        ownerId: text(holderLimits.ownerId),
        host: text(holderLimits.host),
        service: text(holderLimits.service),
        operation: text(holderLimits.operation),
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`,
      }),

    'quotes, line ends, empty texts and markup are only text': (trial) =>
      readsBack(trial, 'a', {
        ownerId: `'; DROP TABLE locks; -- "\\ \r\n\t%s {} \u2028`,
        host: '',
        pid: 0,
        service: '<script>alert(1)</script>',
        operation: '{"ownerId":"somebody else"}',
      }),

    'the owner does not count, the lease does: the same owner is refused under another lease': async (trial) => {
      const holder = { ownerId: 'o' };
      const record = await trial.take('a', { holder });
      await trial.refuse(trial.request('a', { holder }));
      await trial.holds(record);
    },
  }),
];
