import { expect, it } from 'vitest';
import {
  bytesText,
  dollars,
  dollarsExactly,
  share,
  timeText,
  unitCount,
  whole,
} from '../../../bin/terminal/figures.ts';
import { renderTable } from '../../../bin/terminal/table.ts';

/** Each way to write a number, at the places where it changes. */
it.each<[string, string, string]>([
  ['dollars', dollars(1_234.5), '1,234.50'],
  ['dollars', dollars(0.004), '0.00'],
  ['prices', dollarsExactly(0.0000133334), '0.0000133334'],
  ['prices', dollarsExactly(3), '3'],
  ['counts', whole(1_234_567.5), '1,234,568'],
  ['units', unitCount(99.994), '99.99'],
  ['units', unitCount(100), '100'],
  ['units', unitCount(1_234.4), '1,234'],
  ['shares', share(1, 3), '33 %'],
  ['shares', share(1, 0), ''],
  ['shares', share(0, 1), '0 %'],
  ['bytes', bytesText(0), '0 B'],
  ['bytes', bytesText(0.5), '0.5 B'],
  ['bytes', bytesText(1), '1 B'],
  ['bytes', bytesText(999), '999 B'],
  ['bytes', bytesText(1_000), '1 KB'],
  ['bytes', bytesText(86_400_000_000_000), '86.4 TB'],
  ['bytes', bytesText(1_234_567), '1.235 MB'],
  ['bytes', bytesText(5e9), '5 GB'],
  ['bytes', bytesText(7e15), '7 PB'],
  ['bytes', bytesText(7e18), '7 EB'],
  ['bytes', bytesText(7e21), '7,000 EB'],
  ['times', timeText(0), '0 s'],
  ['times', timeText(0.25), '0.25 s'],
  ['times', timeText(59), '59 s'],
  ['times', timeText(60), '1 min'],
  ['times', timeText(3_599), '60 min'],
  ['times', timeText(3_600), '1 h'],
  ['times', timeText(86_399), '24 h'],
  ['times', timeText(86_400), '1 d'],
  ['times', timeText(302_400), '3.5 d'],
  ['times', timeText(123_456_789), '1,430 d'],
])('%s: %s', (_, written, text) => expect(written).toBe(text));

it('a table stands in columns as wide as what is in them, or in a box', () => {
  const [head, rows] = [
    ['a', 'long head', ''],
    [
      ['wide cell', 'b', 'x'],
      ['', 'c', ''],
    ],
  ];
  expect(renderTable({ rich: false }, head, rows)).toBe('a          long head\nwide cell  b          x\n           c');
  expect(renderTable({ rich: false }, head, [])).toBe('a  long head');
  expect(renderTable({ rich: true }, head, rows)).toMatch(/[┌│]/);
});
