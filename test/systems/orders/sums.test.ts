import { describe, expect, it } from 'vitest';
import type { OrdersFigures } from '../../../lib/systems/orders/tools/reconcile.ts';
import { rowsOf, sumsOf, wrongSums } from '../../../lib/systems/orders/tools/sums.ts';

/** A run with everything that a run may come to. */
const FIGURES: OrdersFigures = {
  orders: 100,
  placed: 80,
  cancelled: 8,
  refused: { 'quantity-not-positive': 9, 'conflicting-order': 3 },
  charged: { approved: 70, declined: 10, 'nothing-to-refund': 5 },
  reserved: { reserved: 200 },
  invoiced: 88,
  emailed: 79,
  emailedAgain: 1,
  emailsAtRisk: 0,
  guests: 9,
  counted: 87,
  givenUp: { 'charge-card': 3, 'send-email': 1, 'sales-totals': 1 },
  unseenLetters: {},
};
/** Another, in which no two figures are the same. */
const OTHER: OrdersFigures = {
  ...{ orders: 57, placed: 31, cancelled: 11, refused: { malformed: 8, 'unknown-order': 7 } },
  ...{ charged: { approved: 30, refunded: 9, declined: 1 }, reserved: { reserved: 101, 'back-ordered': 13 } },
  ...{ invoiced: 42, emailed: 36, emailedAgain: 0, emailsAtRisk: 17, guests: 6, counted: 41 },
  givenUp: { 'charge-card': 2, 'sales-totals': 1 },
  unseenLetters: {},
};

describe('the figures of the orders', () => {
  it('add up: what was given up counts, second e-mails do not', () => {
    expect(wrongSums(sumsOf(FIGURES))).toEqual([]);
    expect(wrongSums(sumsOf(OTHER))).toEqual([]);
  });

  it.each([
    ['orders in', { refused: { 'quantity-not-positive': 9 } }],
    ['charged', { charged: { approved: 70, declined: 10 } }],
    ['charged', { givenUp: { ...FIGURES.givenUp, 'charge-card': 0 } }],
    ['charged', { unseenLetters: { 'charge-card': 9 }, givenUp: { ...FIGURES.givenUp, 'charge-card': 4 } }],
    ['invoiced', { invoiced: 87 }],
    ['e-mailed', { emailedAgain: 0 }],
    ['e-mailed', { guests: 10 }],
    ['counted', { counted: 88 }],
  ])('that do not add up are told: %s with %j', (name, change) => {
    expect(wrongSums(sumsOf({ ...FIGURES, ...change }))).toEqual([
      expect.stringMatching(`^the figures do not add up: ${name}: `),
    ]);
  });

  it('that are one more or fewer are told with what they are made of', () => {
    const more: readonly (readonly [Partial<OrdersFigures>, readonly string[]])[] = [
      [{ orders: 58 }, ['orders in: 31 placed + 11 cancelled + 15 refused = 58']],
      [{ charged: { approved: 31, declined: 10 } }, ['charged: 41 charged + 2 given up = 42']],
      [{ invoiced: 41 }, ['invoiced: 41 invoiced = 42']],
      [{ emailed: 37 }, ['e-mailed: 37 e-mailed + 6 guests left no address = 42']],
      [{ guests: 0 }, ['e-mailed: 36 e-mailed = 42']],
      [{ counted: 42 }, ['counted: 42 counted + 1 given up = 42']],
      [{ givenUp: {} }, ['charged: 40 charged = 42', 'counted: 41 counted = 42']],
      [{ givenUp: {}, unseenLetters: { 'charge-card': 2, 'sales-totals': 1 } }, []],
      [
        { givenUp: {}, unseenLetters: { 'charge-card': 1, 'sales-totals': 9 } },
        ['charged: 40 charged + up to 1 given up and not seen = 42'],
      ],
      [{ emailed: 38, emailedAgain: 2 }, []],
    ];
    for (const [change, texts] of more)
      expect(wrongSums(sumsOf({ ...OTHER, ...change }))).toEqual(
        texts.map((text) => expect.stringMatching(`^the figures do not add up: ${text.replaceAll('+', '\\+')}`)),
      );
  });

  it('stand in the report with what they are made of', () => {
    const sums = rowsOf(FIGURES, false).filter(([, , remark]) => /\d \S.* = \d+/.test(remark));
    expect(sums.map(([name]) => name)).toEqual(['orders in', 'charged', 'invoiced', 'e-mailed', 'counted']);
    for (const [name, , remark] of sums) {
      const [, parts = '', total] = /(\d+ [^,;=]*) = (\d+)/.exec(remark) ?? [];
      const added = parts.split(' + ').reduce((sum, part) => sum + Number.parseInt(part, 10), 0);
      expect(added, name).toBe(Number(total));
    }
  });

  it('say of e-mails that went twice how many faults may cause that, where some were made', () => {
    const remarkOf = (disturbed: boolean) => rowsOf(FIGURES, disturbed).find(([name]) => name === 'e-mailed')?.[2];
    expect(remarkOf(false)).toBe('78 e-mailed + 9 guests left no address + 1 given up = 88');
    expect(remarkOf(true)).toBe(`${remarkOf(false)}; 1 once more, which 0 faults may cause`);
  });
});
