import { expect, it } from 'vitest';
import { amount, money } from '../../../lambdas/orders/money/format.ts';

it.each([
  ['GBP', 123_450, '£1,234.50', '1234.50'],
  ['EUR', 5, '€0.05', '0.05'],
  ['JPY', 500, 'JP¥500', '500'],
  ['BHD', 1_234, 'BHD 1.234', '1.234'],
])('%s %d', (currency, minor, sentence, table) => {
  expect(money(minor, currency).replace('\u00a0', ' ')).toBe(sentence);
  expect(amount(minor, currency)).toBe(table);
});
