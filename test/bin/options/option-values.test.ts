import { describe, expect, it } from 'vitest';
import { contextValue, positive, size, time, wholeNumber } from '../../../bin/options/option-values.ts';

/** What each reader takes and makes of it, the limits and what is just beyond them among it. */
const READERS: readonly (readonly [
  name: string,
  read: (text: string) => unknown,
  taken: Readonly<Record<string, unknown>>,
  refused: readonly string[],
])[] = [
  [
    'a whole number in a range',
    wholeNumber('the port', 0, 65_535),
    { '0': 0, '1': 1, '65535': 65_535 },
    ['-1', '65536', '1.5', 'x', 'NaN', '1e9', '0x10000'],
  ],
  [
    'a whole number from one',
    wholeNumber('the count', 1),
    { '1': 1, '9007199254740991': Number.MAX_SAFE_INTEGER },
    ['0', '-1', '', ' ', '9007199254740992', 'Infinity'],
  ],
  [
    'a number above zero',
    positive('the rate'),
    { '0.001': 0.001, '1e3': 1_000 },
    ['0', '-0', '-1', '', 'Infinity', 'x'],
  ],
  [
    'a time',
    time('the time'),
    { '1s': 1, '1.5m': 90, '1h': 3_600, '7d': 604_800 },
    ['0s', '0d', '1', 's', '-1s', '1 s', '1w', '1S', '1s2'],
  ],
  [
    'a size',
    size('the size'),
    { '1': 1, '1KB': 1_000, '1KiB': 1_024, '2MB': 2_000_000, '2MiB': 2_097_152 },
    ['0', '0KB', '-1', '1.5KB', '1GB', '1kb', '', 'KB', '9007199254740991KB'],
  ],
  [
    'a value of the context',
    (text) => contextValue(text, { kept: 'x' }),
    {
      'a=b': { kept: 'x', a: 'b' },
      'a=': { kept: 'x', a: '' },
      'a=b=c': { kept: 'x', a: 'b=c' },
      'kept=y': { kept: 'y' },
    },
    ['', 'a', '=b'],
  ],
];

describe.each(READERS)('%s', (_, read, taken, refused) => {
  it.each(Object.entries(taken))('takes %s', (text, value) => expect(read(text)).toEqual(value));
  it.each(refused)("refuses '%s'", (text) => expect(() => read(text)).toThrow(/must be/));
});
