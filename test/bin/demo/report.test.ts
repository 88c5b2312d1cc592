import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import type { Report } from '../../../bin/demo/demo-report.ts';
import { renderReport } from '../../../bin/demo/report.ts';
import { sumsOf, wrongSums } from '../../../bin/demo/sums.ts';

const terminal = {
  ...{ json: false, rich: false, note: () => undefined, status: () => undefined },
  progress: () => ({ step: () => undefined, stop: () => undefined }),
};

/** No two figures are the same, so that none can stand where another belongs. */
const report: Report = {
  ...{ orders: 57, placed: 31, cancelled: 11, refused: { malformed: 8, 'unknown-order': 7 } },
  ...{ charged: { approved: 30, refunded: 9, declined: 1 }, reserved: { reserved: 101, 'back-ordered': 13 } },
  ...{ invoiced: 42, emailed: 36, emailedAgain: 0, guests: 6, counted: 41 },
  ...{ lost: 81, duplicatedEffects: 82, outOfOrder: 83, deadLettered: 21 },
  deadLetters: { 'charge-card': { malformed: 5, 'attempts-exhausted': 2 }, 'sales-totals': { malformed: 5, late: 1 } },
  givenUp: { 'charge-card': 2, 'sales-totals': 1 },
  unseenLetters: {},
  ...{ faults: null, emailsAtRisk: 17, malformed: 5, ordersSentTwice: 14, ordersRefusedTwice: 3 },
  ...{ eventsPublishedTwice: 4, duplicatesSuppressed: 71, duplicates: { 'place-order': 12, 'send-email': 59 } },
  ...{ seconds: 61.5, secondsToFirstCharge: 2.5, problems: [] },
};
const disturbed: Report = {
  ...report,
  ...{ emailedAgain: 2, emailed: 38, secondsToFirstCharge: null, refused: {}, duplicates: {} },
  faults: { rates: { kill: 0.1 }, seed: 4711, made: { kill: 23, 'lose-response': 1 } },
  problems: Array.from({ length: 22 }, (_, n) => `problem ${n + 1}`),
};

it('says every figure where it belongs, and what it is made of', async () => {
  const text = [report, disturbed].map((one) => renderReport(terminal, one)).join('\n');
  await expect(text).toMatchFileSnapshot('kept/report.txt');
  expect(text).toContain('no order was charged');
  expect(text).toContain('  - and 2 more');
  const boxed = stripVTControlCharacters(renderReport({ ...terminal, rich: true }, report));
  for (const figure of [57, 42, 36, 41, 71, 12, 59, 21, 81, 82, 83])
    expect(boxed).toMatch(new RegExp(`│ +${figure} │`));
});

it('adds up: every event was done, owed to nobody, or given up', () => {
  expect(wrongSums(sumsOf(report))).toEqual([]);
  // One more or fewer of anything is told, by the name of the figure.
  const more: readonly (readonly [Partial<Report>, readonly string[]])[] = [
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
    // Fewer dead letters than malformed messages are no events that were given up.
    [{ deadLetters: { ...report.deadLetters, 'make-invoice': { malformed: 4 } } }, []],
    [{ emailed: 38, emailedAgain: 2 }, []],
  ];
  for (const [change, texts] of more)
    expect(wrongSums(sumsOf({ ...report, ...change }))).toEqual(
      texts.map((text) => expect.stringMatching(`^the figures do not add up: ${text.replaceAll('+', '\\+')}`)),
    );
});
