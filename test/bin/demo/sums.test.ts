import { describe, expect, it } from 'vitest';
import type { Report } from '../../../bin/demo/demo-report.ts';
import { renderReport } from '../../../bin/demo/report.ts';
import { sumsOf, wrongSums } from '../../../bin/demo/sums.ts';

/** A run with everything that a run may come to. */
const REPORT: Report = {
  orders: 100,
  placed: 80,
  cancelled: 8,
  refused: { 'quantity-not-positive': 9, 'conflicting-order': 3 },
  charged: { approved: 70, declined: 10, 'nothing-to-refund': 5 },
  reserved: { reserved: 200 },
  invoiced: 88,
  emailed: 79,
  emailedAgain: 1,
  guests: 9,
  counted: 87,
  lost: 0,
  duplicatedEffects: 0,
  outOfOrder: 0,
  deadLettered: 29,
  deadLetters: {
    'charge-card': { 'broken-json': 5, 'attempts-exhausted': 2, crashed: 1 },
    'make-invoice': { 'broken-json': 5 },
    'send-email': { 'broken-json': 5, 'attempts-exhausted': 1 },
    'sales-totals': { 'broken-json': 5, late: 1 },
  },
  givenUp: { 'charge-card': 3, 'send-email': 1, 'sales-totals': 1 },
  unseenLetters: {},
  problems: [],
  faults: null,
  emailsAtRisk: 0,
  malformed: 5,
  ordersSentTwice: 9,
  ordersRefusedTwice: 1,
  eventsPublishedTwice: 8,
  duplicatesSuppressed: 33,
  duplicates: { 'place-order': 9, 'charge-card': 6, 'make-invoice': 8, 'send-email': 8, 'sales-totals': 2 },
  seconds: 1,
  secondsToFirstCharge: 1,
};

const plainReport = (report: Report) =>
  renderReport(
    { json: false, rich: false, note: () => undefined, status: () => undefined, progress: () => ({}) as never },
    report,
  );

const remarkOf = (line: string) => line.split(/ {2,}/).slice(2).join(' ');

describe('the figures of the report', () => {
  it('add up: what was given up counts, malformed messages, copies and second e-mails do not', () => {
    expect(wrongSums(sumsOf(REPORT))).toEqual([]);
  });

  it.each([
    ['orders in', { refused: { 'quantity-not-positive': 9 } }],
    ['charged', { charged: { approved: 70, declined: 10 } }],
    ['charged', { givenUp: { ...REPORT.givenUp, 'charge-card': 0 } }],
    ['charged', { unseenLetters: { 'charge-card': 9 }, givenUp: { ...REPORT.givenUp, 'charge-card': 4 } }],
    ['invoiced', { invoiced: 87 }],
    ['e-mailed', { emailedAgain: 0 }],
    ['e-mailed', { guests: 10 }],
    ['counted', { counted: 88 }],
  ])('that do not add up are told: %s with %j', (name, change) => {
    expect(wrongSums(sumsOf({ ...REPORT, ...change }))).toEqual([
      expect.stringMatching(`^the figures do not add up: ${name}: `),
    ]);
  });

  it('stand there with what they are made of', () => {
    const lines = plainReport(REPORT).split('\n');
    const sums = lines.filter((line) => /\d \S.* = \d+/.test(line));
    expect(sums.map((line) => line.split(/ {2,}/)[0])).toEqual([
      'orders in',
      'charged',
      'invoiced',
      'e-mailed',
      'counted',
    ]);
    for (const line of sums) {
      const [, parts = '', total] = /(\d+ [^,;=]*) = (\d+)/.exec(remarkOf(line)) ?? [];
      const added = parts.split(' + ').reduce((sum, part) => sum + Number.parseInt(part, 10), 0);
      expect(added, line).toBe(Number(total));
    }
    const suppressed = lines.slice(lines.findIndex((line) => line.startsWith('duplicates suppressed')));
    const [total, ...byWhom] = suppressed.slice(0, 6).map((line) => Number(/(\d+)/.exec(line)?.[1]));
    expect(byWhom.reduce((sum, count) => sum + count, 0)).toBe(total);
  });
});
