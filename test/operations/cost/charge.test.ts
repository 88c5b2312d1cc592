import { describe, expect, it } from 'vitest';
import { charge, sumOf, sumsBy } from '../../../lib/operations/cost/charge.ts';
import { PRICES, type Price, REGIONS } from '../../../lib/operations/cost/price-list.ts';

const BILLION = 1e9;

describe('the price list', () => {
  it.each(Object.entries<Price>(PRICES))('%s has ascending tiers without end, and a source', (_, price) => {
    expect(price.source).toMatch(/^https:\/\/aws\.amazon\.com\/.+\/pricing\//);
    expect(price.per).toBeGreaterThanOrEqual(1);
    for (const region of REGIONS) {
      const { tiers } = price.regions[region];
      const ends = tiers.map(([upTo]) => upTo);
      expect(ends).toEqual(ends.toSorted((a, b) => a - b));
      expect(ends.at(-1)).toBe(Number.POSITIVE_INFINITY);
      for (const [, dollars] of tiers) expect(dollars).toBeGreaterThan(0);
    }
  });

  /** No price list that was found has it. */
  const WARM = ['warm throughput, writes, once', 'warm throughput, reads, once'];

  it('is confirmed for Virginia but for what is charged once, and says what is not for Ireland', () => {
    const unconfirmed = (region: (typeof REGIONS)[number]) =>
      Object.values<Price>(PRICES).filter(({ regions }) => !regions[region].confirmed);
    expect(unconfirmed('us-east-1').map(({ what }) => what)).toEqual(WARM);
    expect(unconfirmed('eu-west-1').map(({ what }) => what)).toContain('on-demand stream hours');
    const ofDynamodb = unconfirmed('eu-west-1').filter(({ service }) => service === 'DynamoDB');
    expect(ofDynamodb.map(({ what }) => what)).toEqual(WARM);
  });
});

describe('a charge', () => {
  it('is quantity by price', () => {
    const [line] = charge([{ price: 'sqsStandard', quantity: 3e6, part: 'queue work' }], 'us-east-1');
    expect(line).toMatchObject({ service: 'SQS', units: 3, unit: 'million requests', confirmed: true });
    expect(line?.dollars).toBeCloseTo(1.2, 10);
  });

  it('is that of the region', () => {
    const write = (region: 'us-east-1' | 'eu-west-1') =>
      sumOf(charge([{ price: 'dynamodbWrite', quantity: 1e6, part: 'x' }], region));
    expect([write('us-east-1'), write('eu-west-1')]).toEqual([0.625, 0.705]);
  });

  it.each([
    ['inside the first tier', 100 * BILLION, 40_000],
    ['into the second', 150 * BILLION, 55_000],
    ['into the last', 300 * BILLION, 94_000],
  ])('goes through the tiers: %s', (_, quantity, dollars) => {
    expect(sumOf(charge([{ price: 'sqsStandard', quantity, part: 'x' }], 'us-east-1'))).toBeCloseTo(dollars, 6);
  });

  it('counts tiers over all parts, and each pays its share', () => {
    const lines = charge(
      [
        { price: 'sqsStandard', quantity: 50 * BILLION, part: 'small' },
        { price: 'sqsStandard', quantity: 100 * BILLION, part: 'large' },
      ],
      'us-east-1',
    );
    expect(sumOf(lines)).toBeCloseTo(55_000, 6);
    expect(sumsBy(lines, 'part').map(({ name, dollars }) => [name, Math.round(dollars)])).toEqual([
      ['large', 36_667],
      ['small', 18_333],
    ]);
  });

  it('is not made for what is not used', () => {
    expect(charge([{ price: 'dashboards', quantity: 0, part: 'x' }], 'us-east-1')).toEqual([]);
  });
});
