import { describe, expect, it } from 'vitest';
import { PRICES, REGIONS } from '../../lib/operations/cost/price-list.ts';
import { type CostOptions, systemCost } from '../../lib/operations/cost/system-cost.ts';
import { asyncApiDocument } from '../../lib/operations/schemas/asyncapi.ts';
import { declaredSchemas } from '../../lib/operations/schemas/schemas.ts';
import { ZOO } from './one-of-everything.ts';

/**
 * What is made of a system with every kind of channel and consumer, kept whole in `kept/`: whoever changes a part on purpose looks at what else has changed
 * (`npx vitest run test/operations/one-of-everything.test.ts -u`). The rules behind it have tests of their own.
 */
const kept = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
const rounded = (value: number): string =>
  Number(value.toPrecision(7)).toLocaleString('en-US', { maximumFractionDigits: 9 });

describe('of a system with one of everything', () => {
  it('the AsyncAPI document', async () => {
    const info = { title: 'Zoo', version: '1.2.3', description: 'A zoo' };
    await expect(kept(await asyncApiDocument([ZOO], info))).toMatchFileSnapshot('kept/asyncapi.txt');
  });

  it('the schemas to be compared and committed', async () => {
    await expect(kept(await declaredSchemas([ZOO]))).toMatchFileSnapshot('kept/schemas.txt');
  });

  const usages = [
    { part: 'stack zoo', price: 'alarms' as const, quantity: 31 },
    { part: 'stack zoo', price: 'keys' as const, quantity: 2 },
  ];
  const WAYS: Readonly<Record<string, CostOptions>> = {
    declared: { region: REGIONS[0] },
    'other assumptions': {
      region: REGIONS[1],
      assumptions: { durationMs: 700, memoryMib: 256, effectItems: 3, usualShareOfPeak: 0.5, logDays: 30 },
    },
    'at a rate, deployed': {
      ...{ region: REGIONS[0], perSecond: 1_200 },
      deployed: {
        usages,
        logs: new Map(),
        memoryMib: new Map([
          ['on-fed', 1_024],
          ['box-relay', 2_048],
          ['other', 1],
        ]),
      },
    },
  };
  it('the cost, line by line', async () => {
    const texts = Object.entries(WAYS).map(([name, options]) => {
      const { charges, services, parts, notes, ...sum } = systemCost(ZOO, options);
      return [
        `# ${name}`,
        `${rounded(sum.messages)} messages, ${rounded(sum.dollars)} USD, ${rounded(sum.perMillion ?? 0)} per million`,
        ...charges.map((one) =>
          [one.part, one.price, rounded(one.quantity), rounded(one.units), one.unit, rounded(one.dollars)].join(' | '),
        ),
        ...[...services, ...parts].map((one) => `${one.name}: ${rounded(one.dollars)}`),
        ...notes,
        '',
      ].join('\n');
    });
    await expect(texts.join('\n')).toMatchFileSnapshot('kept/cost.txt');
  });

  it('every price that such a system can have is in it', () => {
    const priced = new Set(
      Object.values(WAYS)
        .flatMap((options) => systemCost(ZOO, options).charges)
        .map(({ price }) => price),
    );
    const elsewhere = [
      // Charged once, for what an assembly tells of.
      'dynamodbWarmWrite',
      'dynamodbWarmRead',
      's3Storage',
      's3Put',
      's3Get',
      'compositeAlarms',
      'dashboards',
      'keyRequests',
      'schedules',
      'emails',
    ];
    expect(Object.keys(PRICES).filter((price) => !priced.has(price as keyof typeof PRICES))).toEqual(elsewhere);
  });
});
